"""Exceptions that end an epoch early; both are handled within this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncli.observer import TrainingObserver


class StopRequested(Exception):
    """An observer requested a stop, which took place between two steps.

    Args:
        exit_code: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"stop requested with exit code {exit_code}")
        self.exit_code = exit_code


def stop_if_requested(observer: TrainingObserver) -> None:
    """Ends the training here when an observer asks for it.

    Raises:
        StopRequested: One does.
    """
    if code := observer.stop_requested():
        raise StopRequested(code)


class NotFinite(Exception):
    """The loss became infinite or NaN.

    Args:
        steps: Steps of the epoch, counted from 0, one of which it happened in.
        loss: Infinite or NaN.
    """

    def __init__(self, steps: range, loss: float) -> None:
        super().__init__(f"the loss became {loss} in {steps}")
        self.steps, self.loss = steps, loss
