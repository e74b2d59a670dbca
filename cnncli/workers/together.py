"""Observers of a training in several processes: one answer for all, and the log of those that write no run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.observer import TrainingObserver

if TYPE_CHECKING:
    from cnncli.records import Epoch


class TogetherObserver(TrainingObserver):
    """Passes every event on; where it is asked, all processes get the same answer.

    Args:
        observer: That of this process.
        exchange: Gives the values of all processes.
    """

    def __init__(self, observer: TrainingObserver, exchange: Callable[[Any], list[Any]]) -> None:
        self._observer, self._exchange = observer, exchange
        for event in vars(TrainingObserver):
            if event.startswith("on_") or event == "defer_signals":
                setattr(self, event, getattr(observer, event))

    def reported_steps(self) -> Collection[int]:
        """Those of rank 0, which makes the steps of all calls."""
        steps: Collection[int] = self._exchange(sorted(self._observer.reported_steps()))[0]
        return steps

    def stop_requested(self) -> int:
        """The first code that any process asks for."""
        return next(filter(None, self._exchange(self._observer.stop_requested())), 0)


class WorkerLog(TrainingObserver):
    """The log of a process that writes no run; its notices also reach the observer of the command.

    Args:
        observer: Receives notices, and is asked whether to stop.
        heading: First line.
    """

    def __init__(self, observer: TrainingObserver, heading: str) -> None:
        self._observer, self._path, self._lines = observer, None, [heading]
        self.defer_signals: Callable[[], AbstractContextManager[object]] = observer.defer_signals
        self.stop_requested: Callable[[], int] = observer.stop_requested

    _path: Path | None

    def write_to(self, path: Path) -> None:
        """Begins the file, with the lines so far."""
        self._path = path
        with contextlib.suppress(OSError):  # the machine of this process may have no folder of runs yet
            path.parent.mkdir(parents=True, exist_ok=True)
        earlier, self._lines = self._lines, []
        for line in earlier:
            self.line(line)

    def line(self, text: str) -> None:
        """Adds a line; a full disk does not end a training of which it holds nothing else."""
        if self._path is None:
            self._lines.append(text)
            return
        with contextlib.suppress(OSError), self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{text}\n")

    def on_notice(self, text: str) -> None:
        """A line."""
        self.line(text)
        self._observer.on_notice(text)

    def on_start(self, run: Any, spec: Any, splits: Any, model: Any, device: str) -> None:
        """A line."""
        self.line(f"training begins on {device}, Python {sys.version.split()[0]}")

    def on_epoch_end(self, epoch: Epoch, best: bool) -> None:
        """A line with the metrics."""
        metrics: Mapping[str, float] = epoch.metrics
        self.line(f"epoch {epoch.number}: {', '.join(f'{name} {value:.4f}' for name, value in metrics.items())}")

    def on_end(self, status: str) -> None:
        """The last line."""
        self.line(status)
