"""TensorBoard: the curves of a training, its pictures and hyperparameters, as files in the run folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.errors import CnncliError, ResourceError, brief
from cnncli.notices import Notice
from cnncli.observer import TrainingObserver
from cnncli.runs import RunDir
from cnncli.track.event_file import EventFile, event_files, events_in
from cnncli.track.sent import Sent
from cnncli.track.tracked_run import SpecSummary, TrackedRun
from cnncli.wording import counted, in_shell

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

    from cnncli.records import Epoch
    from cnncli.spec.schema import Spec

FOLDER = "tensorboard"
"""In the run. Within it are `train`, `validation` and `test`, as Keras' own callback has them: curves share a chart."""

_LARGEST_PICTURE = 8 << 20
"""Bytes; the checksum of larger ones would take seconds."""


class Observer(TrainingObserver):
    """Writes the events of a training as it runs; what goes wrong is a notice, once, and the training continues."""

    def __init__(self, arguments: Mapping[str, Any], notice: Notice) -> None:
        self._notice, self._every = notice, arguments.get("update_freq", "epoch")
        self._run: tuple[RunDir, SpecSummary] | None = None
        self._files: _Files | None = None
        self._steps, self._done = 0, (0, 0)

    def reported_steps(self) -> Collection[int]:
        """The number of steps that `update_freq` sets."""
        return () if self._every == "epoch" else (self._every,)

    def on_start(self, run: RunDir, spec: Spec, splits: Any, model: Any, device: str) -> None:
        """Remembers the run; nothing is written before there is something to show."""
        self._run = run, SpecSummary.of(spec)

    def on_resume(self, epochs: int, steps: int) -> None:
        """Remembers what was done before."""
        self._done = epochs, steps

    def on_step(self, epoch: int, step: int, steps: int, metrics: Mapping[str, float]) -> None:
        """With `update_freq: N`, writes the metrics of the epoch so far, every N steps."""
        self._steps = max(self._steps, steps)
        if self._every != "epoch" and step % self._every == 0:
            self._write(lambda files: files.write_step((epoch - 1) * self._steps + step, metrics))

    def on_epoch_end(self, epoch: Epoch, best: bool) -> None:
        """Writes the metrics of the epoch."""
        self._write(lambda files: files.write_epoch(epoch))

    def on_end(self, status: str) -> None:
        """Writes pictures, test metrics, and how it ended."""
        self._write(lambda files: files.write_end(TrackedRun.of(*self._run)) if self._run else None)

    def _write(self, write: Callable[[_Files], None]) -> None:
        """Writes to the files, which are opened when they are first needed."""
        if self._run is None:
            return
        try:
            if self._files is None:
                epochs, steps = self._done
                last = epochs * self._steps + steps if self._steps else None
                self._files = _Files(TrackedRun.of(*self._run), last)
            write(self._files)
            self._files.flush()
        except (OSError, CnncliError) as error:
            self._run = None
            self._notice(f"warning: TensorBoard gets no more of this training: {_reason(error)}")


def send(runs: Iterable[RunDir], arguments: Mapping[str, Any]) -> Iterator[Sent]:
    """Writes the events of runs, in place of those that are there."""
    for folder in runs:
        try:
            run = TrackedRun.of(folder)
            _Files(run, None).write_end(run)
        except CnncliError as error:
            yield Sent(folder, error=error)
        except OSError as error:
            yield Sent(folder, error=ResourceError(f"the events cannot be written: {_reason(error)}"))
        else:
            epochs = counted(len(run.epochs), "epoch")
            yield Sent(folder, f"{epochs}; to see them: tensorboard --logdir {in_shell(folder.path.parent)}")


def is_sent(run: RunDir, arguments: Mapping[str, Any]) -> bool:
    """Whether the events of a run were written."""
    return bool(event_files(run.path / FOLDER))


class _Files:
    """The event files of a run, which begin with all epochs so far and take the place of earlier ones.

    Args:
        run: The run.
        last: The step of the training after which the metrics of steps are outdated; None if none is.
    """

    def __init__(self, run: TrackedRun, last: int | None) -> None:
        self._root, self._written = run.folder.path / FOLDER, 0
        earlier = [path for folder in (self._root, *self._root.glob("*/")) for path in event_files(folder)]
        steps = [event for event in _steps_in(earlier) if last is None or event.step <= last]
        self._open: dict[str, EventFile] = {}
        self.of("").hyperparameters(run.summary.parameters, run.name, run.started)
        for event in steps:
            self.of("train").copy(event)
        for epoch, time in run.times():
            self.write_epoch(epoch, time)
        self.flush()
        for path in earlier:
            path.unlink()

    def of(self, split: str) -> EventFile:
        """The file of a split, or of the run as a whole."""
        if split not in self._open:
            self._open[split] = EventFile(self._root / split)
        return self._open[split]

    def write_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Writes the metrics of an epoch so far; steps are counted over the whole training."""
        self.of("train").scalars({f"batch_{name}": value for name, value in metrics.items()}, step)

    def write_epoch(self, epoch: Epoch, time: float | None = None) -> None:
        """Writes the metrics of an epoch, unless they are there."""
        if epoch.number <= self._written:
            return
        self._written = epoch.number
        train = {f"epoch_{name}": value for name, value in epoch.metrics.items() if not name.startswith("val_")}
        validation = {
            f"epoch_{name.removeprefix('val_')}": value
            for name, value in epoch.metrics.items()
            if name.startswith("val_")
        }
        more = {"epoch_learning_rate": epoch.learning_rate, "epoch_seconds": epoch.seconds}
        self.of("train").scalars({**train, **more}, epoch.number, time)
        if validation:
            self.of("validation").scalars(validation, epoch.number, time)

    def write_end(self, run: TrackedRun) -> None:
        """Writes pictures, test metrics and the state of a run that has ended, and closes the files."""
        if metrics := run.test_metrics:
            own = run.epochs[-1].metrics if run.epochs else {}
            self.of("test").scalars(
                {f"epoch_{name}" if name in own else name: value for name, value in metrics.items()}, run.best_epoch
            )
        for picture in run.pictures:
            if picture.stat().st_size <= _LARGEST_PICTURE:
                self.of("").picture(picture.stem, picture.read_bytes(), len(run.epochs))
        self.of("").end(run.state == "finished", run.ended or run.started)
        for file in self._open.values():
            file.close()
        self._open.clear()

    def flush(self) -> None:
        """Lets readers see what was written."""
        for file in self._open.values():
            file.flush()


def _steps_in(files: Iterable[Path]) -> Iterator[Event]:
    """The metrics of steps, which no other file of a run has."""
    for path in files:
        for event in events_in(path):
            if any(value.tag.startswith("batch_") for value in event.summary.value):
                yield event


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"'{error.filename}': {error.strerror}"
    return error.message if isinstance(error, CnncliError) else brief(error)
