"""The base classes of observers: they receive the events of a training, which they may ask to stop, or of a search."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnncli.records import Epoch, LoadedWeights, ModelSummary, StageStarted, TuneTrial
    from cnncli.runner.inputs.splits import Splits
    from cnncli.runs import RunDir
    from cnncli.spec.schema import Spec


class TrainingObserver:
    """Receives the events of a training; override those that matter, the others do nothing.

    Everything is called in the thread of the training, between two steps. An exception ends the training as any other
    error does: the run is recorded as `failed` and can be resumed, and the exception reaches the caller of `train`.
    Two have a meaning of their own: KeyboardInterrupt and BrokenPipeError interrupt the training. An exception in
    `on_end` is reported as a notice, since the training is over.

    Example:
        >>> import cnncli
        >>> class Losses(cnncli.TrainingObserver):
        ...     def on_epoch_end(self, epoch, best):
        ...         print(epoch.number, f"{epoch.metrics['loss']:.3f}")
        >>> observers = [Losses()]  # for `cnncli.train` and `Run.resume`
    """

    def on_notice(self, text: str) -> None:
        """A message worth a line, such as a download or a warning."""

    def on_decoding(self, done: int, images: int) -> None:
        """A number of the image files are decoded into the cache."""

    def on_fold(self, number: int, folds: int) -> None:
        """With `train_folds`: the next run is prepared.

        Args:
            number: Number of the fold, counted from 1; 0 for the run on all images.
            folds: Number of folds.
        """

    def on_start(self, run: RunDir, spec: Spec, splits: Splits, model: ModelSummary, device: str) -> None:
        """Everything is prepared and the first epoch is about to start.

        Args:
            run: Run folder.
            spec: Spec of the run, with absolute paths.
            splits: Images and class names.
            model: Layers and parameters.
            device: Name of the device that trains.
        """

    def on_weights_loaded(self, weights: LoadedWeights) -> None:
        """After `on_start`: pretrained weights were loaded into some of the layers."""

    def on_resume(self, epochs: int, steps: int) -> None:
        """After `on_start`, in a resumed training: epochs, and steps of the next epoch, that were done before."""

    def on_epochs_fitted(self, epochs: float) -> None:
        """With `train.max_time`: it was measured how many epochs fit, or the speed has changed.

        Args:
            epochs: Number of epochs at the end of the training, or of the current stage; the last may be a part.
        """

    def on_stage_start(self, stage: StageStarted) -> None:
        """A stage of the training starts, or resumes."""

    def on_features(self, done: int, images: int) -> None:
        """Frozen layers have been applied to a number of the images, whose output is computed once."""

    def on_step(self, epoch: int, step: int, steps: int, metrics: Mapping[str, float]) -> None:
        """Several times a second, and at the last step of an epoch.

        Args:
            epoch: Number of the epoch, counted from 1.
            step: Number of steps done in this epoch.
            steps: Number of steps in this epoch.
            metrics: Training metrics over the epoch so far.
        """

    def reported_steps(self) -> Collection[int]:
        """Numbers of steps; at every multiple of each within an epoch, `on_step` is called as well."""
        return ()

    def on_epoch_end(self, epoch: Epoch, best: bool) -> None:
        """An epoch is complete and saved.

        Args:
            epoch: Its metrics, learning rate and duration.
            best: Whether it is the best so far.
        """

    def on_end(self, status: str) -> None:
        """The training ended: `finished`, `interrupted`, `diverged` or `failed`. Called once for every run folder."""

    def defer_signals(self) -> AbstractContextManager[object]:
        """While epochs run: signals must not raise an exception; `stop_requested` reports them between two steps."""
        return contextlib.nullcontext()

    def stop_requested(self) -> int:
        """The exit code to stop with, such as 130 for Ctrl-C, after which the run can be resumed; 0 to continue."""
        return 0


class TuneObserver:
    """Receives the events of a search in this process; override those that matter, the others do nothing.

    An exception ends the search in this process; what was trained is kept, and the search can be continued.

    Example:
        >>> import cnncli
        >>> class Values(cnncli.TuneObserver):
        ...     def on_trial_end(self, number, state, value, reason, is_best):
        ...         print(number, state, value)
        >>> observers = [Values()]  # for `cnncli.tune`
    """

    def on_notice(self, text: str) -> None:
        """A message worth a line."""

    def on_start(self, spec: Spec, metric: str, storage: str, folder: Path, ended: int) -> None:
        """The search is open.

        Args:
            spec: Its spec.
            metric: The metric to improve.
            storage: Where it is kept, without a password.
            folder: Folder of the search.
            ended: Number of trials that were made before.
        """

    def on_trial(self, number: int, values: Mapping[str, Any], epochs: int) -> None:
        """A trial with these values by key begins, or continues after a number of epochs."""

    def on_epoch(self, number: int, epoch: int, value: float | None) -> None:
        """An epoch of a trial is over; None if the metric is not a number."""

    def on_trial_end(self, number: int, state: str, value: float | None, reason: str, is_best: bool) -> None:
        """A trial is over.

        Args:
            number: Number of the trial, from 0.
            state: `complete`, `pruned` or `failed`.
            value: The metric; None unless it is complete.
            reason: Why it is not complete.
            is_best: Whether it is the best so far.
        """

    def on_wait(self, texts: list[str]) -> None:
        """Nothing is left to begin; other processes still train these."""

    def on_best(self, trial: TuneTrial) -> None:
        """The search is over, and this is its best trial."""

    def on_retrained(self, run: RunDir) -> None:
        """The best spec was trained with another seed, and measured on the test images."""
