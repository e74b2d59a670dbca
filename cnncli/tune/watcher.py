"""Who hears of a search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from cnncli.tune.study import Search


class Watcher(Protocol):
    """Hears of a search."""

    def on_notice(self, text: str) -> None:
        """A message worth a line."""

    def on_start(self, search: Search, place: str, folder: Path, ended: int) -> None:
        """The search is open; `ended` trials were made before."""

    def on_trial(self, number: int, values: Mapping[str, Any], epochs: int) -> None:
        """A trial begins, or continues after a number of epochs."""

    def on_epoch(self, number: int, epoch: int, value: float | None) -> None:
        """An epoch of a trial is over."""

    def on_trial_end(self, number: int, state: str, value: float | None, reason: str, is_best: bool) -> None:
        """A trial is over."""

    def on_wait(self, texts: list[str]) -> None:
        """Nothing is left to begin; other processes still train."""
