"""Training with folds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.api.functions import SpecLike, loaded_spec
from cnncli.api.results import EvaluationResult
from cnncli.api.run import Run
from cnncli.folds.images import images_as_recorded
from cnncli.isolation import isolated
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.records.html import html_table
from cnncli.runner.inputs.preconditions import require_inputs_exist
from cnncli.runs.groups import MOST_FOLDS, GroupDir, find_group

if TYPE_CHECKING:
    from cnncli.observer import TrainingObserver


class Folds:
    """A group of runs that a training with folds left. Made by `cnncli.train_folds` and `cnncli.open_folds`.

    Args:
        group: Folder of the group.

    Example:
        >>> import cnncli
        >>> spec = cnncli.load_spec("mnist.yaml", {"train.epochs": 1})
        >>> folds = cnncli.train_folds(spec, folds=2, runs_dir="folds")
        >>> folds.state, folds.metrics["images"], folds.metrics["split"]
        ('finished', 500, 'out-of-fold')
        >>> len(folds.evaluate().predictions)
        500
    """

    def __init__(self, group: GroupDir) -> None:
        self.group = group

    @property
    def path(self) -> Path:
        """Folder of the group."""
        return self.group.path

    @property
    def state(self) -> str:
        """`finished`, or how many of the runs are: `3 of 5 runs`."""
        return self.group.state()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that exist so far: the folds in order, and then the run on all images if there is one."""
        return tuple(Run(run) for run in self.group.runs if run.status_file.exists())

    @property
    def final(self) -> Run | None:
        """The run on all images; None without one."""
        last = self.group.runs[-1]
        return Run(last) if self.group.record.final and last.status_file.exists() else None

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Figures over all images, each answered by the fold that tested it, with their intervals.

        `folds` has the figures of each fold, `over_folds` their means and standard deviations. Empty before the last
        fold is finished.

        Raises:
            RunError: metrics.json is damaged.
        """
        from cnncli.runs import RunDir

        return RunDir(self.path).metrics()

    def evaluate(self, *, notice: Notice = warn) -> EvaluationResult:
        """The answers of all folds: every image once, by the network that has not seen it. Nothing is trained.

        Args:
            notice: Receives warnings where a run has to be evaluated once more; `warnings.warn` by default.

        Raises:
            RunError: A fold is not finished.
        """
        with isolated():
            from cnncli.folds.results import out_of_fold

            return EvaluationResult.of(out_of_fold(self.group, notice)[0])

    def write_report(self, *, notice: Notice = warn) -> Path:
        """Writes report.html, what the folds say together, once more; a training writes it when it ends.

        Args:
            notice: Receives warnings where a run has to be evaluated once more; `warnings.warn` by default.

        Raises:
            RunError: A fold is not finished.
            DataError: Images are missing.
        """
        with images_as_recorded(self.group), isolated():
            from cnncli.folds.page import write_page

            return write_page(self.group, notice)

    def resume(
        self,
        observers: Sequence[TrainingObserver] = (),
        *,
        data: str | os.PathLike[str] | None = None,
        command: Sequence[str] = (),
    ) -> bool:
        """Continues an interrupted group; the result is that of a training without the interruption.

        Args:
            observers: Receive the events of the training.
            data: Where the images are now, if they were moved; the group and its runs, finished ones too, name this
                place from then on.
            command: Command line to record in environment.json of each run.

        Returns:
            Whether anything remained to be trained.

        Raises:
            RunError: Another process is training it, a run diverged, its records are damaged, or its images have no
                path.
            DataError: Images are missing or have changed.
            CnncliError: Whatever ends a training.
        """
        from cnncli.folds.training import resume_folds

        return resume_folds(self.group, observers, command, None if data is None else expanded(data))

    def __repr__(self) -> str:
        return f"Folds({str(self.path)!r})"

    def _repr_html_(self) -> str:
        rows = [(name, f"{value:.4f}") for name, value in self.metrics.items() if isinstance(value, float)]
        return html_table((str(self.path), self.state), rows)


def train_folds(
    spec: SpecLike,
    folds: int = 5,
    runs_dir: str | os.PathLike[str] = "runs",
    observers: Sequence[TrainingObserver] = (),
    *,
    final: bool = False,
    command: Sequence[str] = (),
) -> Folds:
    """Trains a spec once for each fold: each run is tested on its fold and trained on the others.

    The images are divided by the seed of the spec: each class evenly unless `data.split.stratify` is false, groups
    whole where `data.split.group` names them. Each run draws its validation images from those that it does not test.
    Where the source has test images of its own, they are in no fold. The runs are ordinary ones, in a folder of their
    own, which has the answers to all images as well.

    Args:
        spec: Spec from `load_spec`, or what it takes.
        folds: Number of folds, 2 to 100.
        runs_dir: Directory in which the folder is created.
        observers: Receive the events of all trainings.
        final: Train one more run, on all images, for use. It is tested on the source's own test images; without any,
            on its validation images, which choose its best epoch: its expected accuracy is that of the folds.
        command: Command line to record.

    Raises:
        ValueError: The number of folds is out of range.
        SpecError: The spec is wrong, has a division that folds contradict, or the model cannot be built.
        DataError: Images are missing or cannot be read, or a class or the groups are too few for the folds.
        TrainingError: The loss or a weight of a run became infinite or NaN.
        ResourceError: The directory is not writable, or memory or disk ran out.
        Interrupted: Ctrl-C, or an observer that asked for a stop; the group can be resumed.

    Example:
        >>> import cnncli
        >>> spec = cnncli.load_spec("mnist.yaml", {"train.epochs": 1})
        >>> folds = cnncli.train_folds(spec, folds=2, runs_dir="again")
        >>> [run.path.name for run in folds.runs]
        ['fold-1', 'fold-2']
    """
    if not 2 <= folds <= MOST_FOLDS:
        raise ValueError(f"folds must be from 2 to {MOST_FOLDS}")
    checked = loaded_spec(spec)
    require_inputs_exist(checked.data, checked.model, expanded(runs_dir), checked.track)  # before TensorFlow is started
    from cnncli.folds.training import train_folds as train

    return Folds(train(checked, folds, final, expanded(runs_dir), observers, command))


def open_folds(group: str | os.PathLike[str], runs_dir: str | os.PathLike[str] = "runs") -> Folds:
    """Opens a group of runs that `train_folds` left.

    Args:
        group: Folder of the group, or its name in `runs_dir`.
        runs_dir: Directory of runs.

    Raises:
        RunError: There is no such group, or it contains links.

    Example:
        >>> import cnncli
        >>> folds = cnncli.open_folds("mnist-folds-001", runs_dir="folds")
        >>> folds.path.name, folds.resume()
        ('mnist-folds-001', False)
    """
    return Folds(find_group(os.fspath(group), expanded(runs_dir)))
