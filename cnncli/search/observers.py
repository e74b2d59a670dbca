"""Several observers of a search as one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnncli.observer import TuneObserver


class TuneObservers(TuneObserver):
    """Several observers as one; each event reaches them in order."""

    def __init__(self, observers: Sequence[TuneObserver]) -> None:
        for event in vars(TuneObserver):
            if event.startswith("on_"):
                setattr(self, event, partial(self._notify, tuple(observers), event))

    @staticmethod
    def _notify(observers: Sequence[TuneObserver], event: str, *values: object) -> None:
        for observer in observers:
            getattr(observer, event)(*values)
