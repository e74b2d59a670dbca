"""Notices of a training with folds, whose runs would all give the same."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.observer import TrainingObserver
from cnncli.runner.training.observers import Observers


class WithoutRepeats(Observers):
    """All observers as one; each notice reaches them once, though every run gives it.

    Attributes:
        division: The file that divides the images of the run: notices name what it is instead.
    """

    def __init__(self, observers: Sequence[TrainingObserver]) -> None:
        super().__init__(observers)
        self._tell, self._told = self.on_notice, set[str]()
        self.on_notice = self._tell_once  # type: ignore[method-assign]
        self.division = ""

    def _tell_once(self, text: str) -> None:
        text = text.replace(self.division, "the division into folds") if self.division else text
        if text not in self._told:
            self._told.add(text)
            self._tell(text)
