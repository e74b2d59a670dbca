"""Several training observers as one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial

from cnncli.errors import brief
from cnncli.observer import TrainingObserver


class Observers(TrainingObserver):
    """Several observers as one; each event reaches them in order.

    Args:
        observers: Any number; none for a silent training.
    """

    def __init__(self, observers: Sequence[TrainingObserver] = ()) -> None:
        self._observers = tuple(observers)
        for event in vars(TrainingObserver):
            if event.startswith("on_") and event != "on_end":
                setattr(self, event, partial(self._notify, event))

    def _notify(self, event: str, *values: object) -> None:
        for observer in self._observers:
            getattr(observer, event)(*values)

    def on_end(self, status: str) -> None:
        """Each observer is called, whatever the others raise."""
        for observer in self._observers:
            try:
                observer.on_end(status)
            except Exception as error:
                self.on_notice(f"warning: {type(observer).__name__}.on_end failed: {brief(error)}")

    @contextlib.contextmanager
    def defer_signals(self) -> Iterator[None]:
        """Signals are deferred by all observers."""
        with contextlib.ExitStack() as stack:
            for observer in self._observers:
                stack.enter_context(observer.defer_signals())
            yield

    def stop_requested(self) -> int:
        """The first exit code that an observer asks for."""
        return next(filter(None, (observer.stop_requested() for observer in self._observers)), 0)
