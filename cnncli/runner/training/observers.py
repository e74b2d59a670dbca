"""Several training observers as one, and the stop that one of them may request."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from functools import partial

from cnncli.errors import brief
from cnncli.observer import TrainingObserver


class StopRequested(Exception):
    """An observer requested a stop between two steps; the exit code is 130 after Ctrl-C, 143 after SIGTERM."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"stop requested with exit code {exit_code}")
        self.exit_code = exit_code


def stop_if_requested(observer: TrainingObserver) -> None:
    """Raises `StopRequested` when an observer asks for it."""
    if code := observer.stop_requested():
        raise StopRequested(code)


class Observers(TrainingObserver):
    """Several observers as one, or none for a silent training; each event reaches them in order."""

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

    def reported_steps(self) -> Collection[int]:
        """Those of all observers."""
        return {steps for observer in self._observers for steps in observer.reported_steps()}

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
