"""One training under way: its epochs, the best of them, its checkpoints, and what is left when it ends."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from cnncli.errors import RunError, TrainingError
from cnncli.factory.weights import load_weights, save_weights
from cnncli.records import Epoch, Evaluation, History
from cnncli.report import EvaluationData, artifact_names, write_artifacts
from cnncli.runner.evaluate import evaluate_split, images_at
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.training.checkpoint import TrainingState, read_checkpoint, read_progress, write_checkpoint
from cnncli.runner.training.divergence import ADVICE, diverged
from cnncli.runner.training.initial_plots import write_initial_plots
from cnncli.runner.training.loop import NotFinite
from cnncli.runner.training.observer import Observer, StopRequested
from cnncli.runner.training.phase import Stage
from cnncli.runner.training.phases import Stages
from cnncli.runner.training.variables import all_finite, averaged_weights
from cnncli.runner.weights import verified_weights
from cnncli.runs import BEST, CHECKPOINT, LAST, RunDir
from cnncli.spec.metrics import has_validation, more_is_better, reported_metrics
from cnncli.spec.schema import Spec

PICTURES = 3.0
"""Seconds that the plots of a report take at most, on a machine that does other things as well."""


class TooSlow(Exception):
    """The reports would take longer than they may."""


@dataclass(frozen=True)
class Trained:
    """What a training ends with."""

    run: RunDir
    history: History
    evaluation: Evaluation
    report: Any


def monitor_of(spec: Spec) -> tuple[str, bool]:
    """The metric that chooses the best epoch, and whether more of it is better."""
    names = reported_metrics(spec)
    preferred = ("val_accuracy", "val_loss", "accuracy", "loss")
    name = spec.train.monitor or next(candidate for candidate in preferred if candidate in names)
    return name, more_is_better(spec.train.metrics, name)


class Training:
    """Trains until the last epoch, or until it is told to stop.

    The checkpoint is written first, and all else from what it holds: whatever a kill leaves undone is done again by a
    training that goes on from there, to the same bytes.

    Args:
        spec: of the run.
        run: is written to; locked by the caller.
        splits: the images.
        stages: what trains.
        encoding: of the labels.
        observer: is told how it goes.
    """

    def __init__(
        self, spec: Spec, run: RunDir, splits: Splits, stages: Stages, encoding: str, observer: Observer
    ) -> None:
        self.spec, self.run, self.splits, self.encoding, self.observer = spec, run, splits, encoding, observer
        self._stages = stages
        self._state = TrainingState(stage=stages.number)
        self._began = self._saved = time.monotonic()
        self._monitor, self._more_is_better = monitor_of(spec)
        self._stage.begin()

    @property
    def _stage(self) -> Stage:
        return self._stages.current

    @property
    def history(self) -> History:
        """The epochs so far."""
        return History(self._state.epochs, self._monitor, self._state.best)

    def begin(self) -> None:
        """Writes the first checkpoint: there is one from now on."""
        self._save()

    def restore(self) -> None:
        """Takes up where the run's checkpoint is; writes nothing.

        Raises:
            RunError: there is none, or it is of another training.
        """
        self._state = read_progress(self.run.checkpoint)
        self._require_own_metrics()
        if self._state.stage != self._stages.number:
            self._enter(self._state.stage)
        if self._state.steps > self._stage.steps:
            raise self._damaged(f"{self._state.steps} steps of an epoch that has {self._stage.steps} are done")
        state = self._checkpoint()
        self._stage.restore(state)
        self._state = replace(state, arrays={})

    def _require_own_metrics(self) -> None:
        names = reported_metrics(self.spec)
        trained = names[: len(names) // 2] if has_validation(self.spec) else names
        measured = self._state.measured
        of_epochs = [epoch.metrics.keys() == set(names) for epoch in self._state.epochs]
        if not all(of_epochs) or (measured is not None and measured.keys() != set(trained)):
            raise self._damaged("it has other metrics than this training")

    def _damaged(self, why: str) -> RunError:
        return RunError(f"'{self.run.checkpoint}' is damaged: {why}", "train again")

    def go_on(self) -> None:
        """Does what a kill right after the checkpoint left undone."""
        state = self._state
        self.run.settle_hashes()
        if state.epochs and not state.steps and state.epochs[-1].stage == state.stage:
            self._write_epoch()  # at the beginning of a stage it is done, and the weights may be of another epoch
        self.observer.going_on(len(state.epochs), state.steps)

    def run_epochs(self) -> None:
        """Trains epoch by epoch until the last one, or until a callback has seen enough.

        Raises:
            StopAsked: somebody asked for it; the checkpoint is of that moment.
            TrainingError: the loss became infinite or no number.
        """
        write_initial_plots(self.run, self.spec, self.splits, self._stage.model, self.observer.notice)
        try:
            self._train_stage()
            while self._stages.number < self._stages.count:
                self._next_stage()
                self._train_stage()
        except StopRequested:
            self._save()
            self._write_weights(LAST)
            raise
        self._write_weights(LAST)
        self._stage.end()

    def _train_stage(self) -> None:
        """Trains what is missing of the stage under way."""
        if self._stages.number and not self._is_over:
            self.observer.stage(self._stages.begun())
        while not self._is_over:
            self._epoch(len(self._state.epochs) + 1)

    @property
    def _is_over(self) -> bool:
        done = sum(epoch.stage == self._state.stage for epoch in self._state.epochs)
        return self._state.stopped or done >= self._stages.epochs

    def _next_stage(self) -> None:
        """Goes from one stage to the next; a kill before the new checkpoint has it done once more."""
        self._stage.end()
        number = self._state.stage + 1
        self._enter(number)
        self._put(stage=number, stopped=False)
        self._save()

    def _enter(self, number: int) -> None:
        self._stages.enter(number, before=sum(epoch.stage < number for epoch in self._state.epochs))
        self._stage.begin()

    def _epoch(self, number: int) -> None:
        self._began = time.monotonic() - self._state.seconds
        try:
            metrics = self._state.measured or self._stage.train(
                self._state.steps, self._after_steps, self.spec.train.checkpoint.steps
            )
        except NotFinite as error:
            raise diverged(self._stage, self._checkpoint, number, error, self.observer) from None
        if not all_finite(self._stage.model):
            raise TrainingError(f"the weights became infinite or no number at the end of epoch {number}", ADVICE)
        self._put(steps=self._stage.steps, measured=metrics)
        metrics = {**metrics, **self._stage.validate(lambda done, steps: self._stop_if_asked())}
        seconds = time.monotonic() - self._began
        epoch = Epoch(number, metrics, self._stage.learning_rate, seconds, self._state.stage)
        stopped = self._stage.end_epoch(number, metrics)
        best = number if self._is_better(epoch) else self._state.best
        epochs = (*self._state.epochs, epoch)
        self._put(epochs=epochs, best=best, steps=0, measured=None, seconds=0.0, stopped=stopped)
        self._save()
        self._write_epoch()
        self.observer.epoch(epoch, best == number)
        self._stop_if_asked()

    def _put(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)

    def _after_steps(self, done: int, steps: int) -> None:
        """After every call of the loop: the only place within an epoch where a training stops or is saved."""
        self._put(steps=done, seconds=time.monotonic() - self._began)
        self.observer.steps(len(self._state.epochs) + 1, done, steps)
        self._stop_if_asked()
        when = self.spec.train.checkpoint
        due = when.minutes is not None and time.monotonic() - self._saved >= 60 * when.minutes
        if done < steps and (due or (when.steps and done % when.steps == 0)):
            self._save()

    def _stop_if_asked(self) -> None:
        code = self.observer.stop_requested()
        if code:
            raise StopRequested(code)

    def _save(self) -> None:
        callbacks, arrays = self._stage.state(self._state.mid_epoch)
        with self.run.write(CHECKPOINT) as path:
            write_checkpoint(path, replace(self._state, callbacks=callbacks, arrays=arrays))
        self._saved = time.monotonic()

    def _checkpoint(self) -> TrainingState:
        return read_checkpoint(self.run.checkpoint, self._stage.expected)

    def _write_epoch(self) -> None:
        """What follows from a checkpoint at the end of an epoch."""
        if self._state.best and self._state.best == len(self._state.epochs):
            self.run.remove(artifact_names("evaluation"))  # of an earlier part, and of other weights than these
            self._write_weights(BEST)
        write_artifacts("epoch", self.history, self.run.write)

    def _write_weights(self, name: str) -> None:
        with averaged_weights(self._stage.model), self.run.write_hashed(name) as path:
            save_weights(self._stage.model, path)

    def _is_better(self, epoch: Epoch) -> bool:
        """A value that is no finite number is never the best; of equal ones that with the lower loss wins."""
        rank = self._rank(epoch)
        best = self.history.best_epoch()
        return all(map(isfinite, rank)) and (best is None or rank > self._rank(best))

    def _rank(self, epoch: Epoch) -> tuple[float, float]:
        value = epoch.metrics[self._monitor]
        return value if self._more_is_better else -value, -epoch.metrics.get("val_loss", epoch.metrics["loss"])

    def write_history(self) -> None:
        """Writes the history and its plot."""
        write_artifacts("epoch", self.history, self.run.write)
        write_artifacts("end", self.history, self.run.write)

    def finish(self, within: float = inf) -> Trained:
        """Evaluates the best weights on the test split and writes the reports.

        Args:
            within: seconds that it may take.

        Raises:
            TrainingError: no epoch was any good.
            TooSlow: it takes longer, so nothing was written.
        """
        if not self._state.best:
            raise TrainingError(f"no epoch had a finite {self._monitor}", "try a smaller learning rate")
        names, test = self.splits.class_names, self.splits.samples["test"]
        until = time.monotonic() + within - PICTURES

        def hurry(images: int) -> None:
            """Looks ahead by what has been measured, and at the clock, for the images may come from a slow disk."""
            if time.monotonic() + self._stage.seconds_per_image * (len(test) - images) > until:
                raise TooSlow

        hurry(0)
        load_weights(self._stage.model, verified_weights(self.run))
        with ThreadPoolExecutor(1) as beside:  # draws while TensorFlow computes
            drawn = beside.submit(self.write_history)
            evaluation = evaluate_split(self.spec, self._stage.model, self.encoding, "test", test, names, hurry)
        drawn.result()
        data = EvaluationData(evaluation, images_at(test))
        write_artifacts("evaluation", data, self.run.write)
        self.run.settle_hashes()
        return Trained(self.run, self.history, evaluation, data.report)
