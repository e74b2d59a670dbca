"""Trains epoch by epoch from one checkpoint to the next, through all phases."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from cnncli.errors import RunError, TrainingError
from cnncli.observer import TrainingObserver
from cnncli.records import Epoch, History
from cnncli.runner.inputs.splits import evaluated_splits
from cnncli.runner.training.checkpoint import TrainingState, read_checkpoint, write_checkpoint
from cnncli.runner.training.divergence import ADVICE, divergence_error
from cnncli.runner.training.loop import NotFinite
from cnncli.runner.training.observers import StopRequested, stop_if_requested
from cnncli.runner.training.pace import Pace
from cnncli.runner.training.results import ResultWriter, TrainingResult
from cnncli.runner.training.timekeeper import Timekeeper
from cnncli.runner.training.variables import first_not_finite
from cnncli.runs import CHECKPOINT, LAST, PACE

if TYPE_CHECKING:
    from cnncli.runner.training.phases import TrainingPhase, TrainingPhases

PASSES = 3
"""A training step takes about as long as three evaluations of its images: forward once, backward twice."""

PICTURED = 12 * (PASSES + 4)
"""A page has twelve heat maps; each takes a step, and its check four images."""

PLOT_SECONDS = 3.0
"""Time that the plots of a report take at most, on a machine that is busy with other things."""


class TrainingSession:
    """Trains until the last epoch, or until a stop is requested.

    The checkpoint is written first, and everything else from what it holds: what a kill leaves undone, a resumed
    training does again, to the same bytes. The caller has locked the run folder; `monitor` is the metric that selects
    the best epoch, and whether more of it is better. With `max_time`, `pace` has the time spent before, and
    decisions to be repeated. Unless it `evaluates`, the test images are never looked at.
    """

    def __init__(
        self,
        results: ResultWriter,
        phases: TrainingPhases,
        phase: TrainingPhase,
        monitor: tuple[str, bool],
        observer: TrainingObserver,
        pace: Pace = Pace(),  # noqa: B008  frozen
        evaluates: bool = True,
    ) -> None:
        self._evaluates = evaluates
        self._run, self._phases, self._phase, self._monitor = results.run, phases, phase, monitor
        self.results, self._observer = results, observer
        self._reported = sum(map(len, evaluated_splits(results.splits).values()))
        self._state = TrainingState(stage=phase.number)
        self._epoch_start, self._saved = time.monotonic(), self._clock()
        limit = phases.train.max_seconds
        self._keeper = None if limit is None else Timekeeper(limit, pace, self._clock)
        validated = results.splits.samples.get("validation", ())
        self._validation_steps = len(validated) / phases.train.batch_size / PASSES
        self._start_keeping()

    @property
    def history(self) -> History:
        """The epochs so far."""
        return History(self._state.epochs, self._monitor[0], self._state.best)

    def restore(self, metrics: Sequence[str]) -> None:
        """Continues from the run's checkpoint, whose epochs must have these metrics; writes nothing.

        Raises:
            RunError: The checkpoint is damaged, or belongs to another training.
        """
        state = self._read_checkpoint()
        measured = {name for name in metrics if f"val_{name}" in metrics} or set(metrics)
        own = [epoch.metrics.keys() == set(metrics) for epoch in state.epochs]
        if not all(own) or (state.measured is not None and state.measured.keys() != measured):
            raise self._damaged("it has other metrics than this training")
        if state.steps > self._phase.steps:
            raise self._damaged(f"{state.steps} steps are done in an epoch of {self._phase.steps}")
        self._phase.restore(state)
        if self._keeper is not None:
            limit = self._phases.train.max_seconds or 0.0
            self._keeper = Timekeeper(limit, state.pace or Pace(), self._clock)
            self._start_keeping(resumed=state.pace is not None)
        if place := first_not_finite(self._phase.model):
            message = f"'{self._run.path}' cannot be resumed: a weight in its checkpoint is {place}"
            raise RunError(message, "train again with a smaller learning rate or clipnorm")
        self._state = replace(state, arrays={})

    def resume(self) -> None:
        """Writes what a kill right after the checkpoint left undone."""
        state = self._state
        self._run.settle_hashes()
        self._run.remove([LAST])  # of an earlier epoch than the last one from here on
        if state.is_after_epoch:
            self.results.write_epoch(self.history)  # not at the start of a stage: the weights may be of another epoch
        self._observer.on_resume(len(state.epochs), state.steps)

    def train(self) -> TrainingResult:
        """Trains to the last epoch, evaluates the best weights and writes the reports.

        Raises:
            StopRequested: An observer requested it.
            TrainingError: The training diverged.
        """
        self._write_pace()
        try:
            with self._observer.defer_signals():
                self._train_epochs()
        finally:
            self._phases.execution.group.release()
        return self.report()

    def report(self) -> TrainingResult:
        """Evaluates the best weights on the test split and writes the reports; without any it is a TrainingError.

        A training that does not evaluate writes its history alone.
        """
        if not self._state.best:
            raise TrainingError(f"no epoch had a finite {self._monitor[0]}", "try a smaller learning rate")
        if not self._evaluates:
            return self.results.write_without_evaluation(self.history)
        return self.results.write_evaluation(self.history)

    @property
    def report_seconds(self) -> float:
        """Expected duration of `report`, from the measured speed."""
        images = self._reported + PICTURED if self._evaluates else 0
        return PLOT_SECONDS + self._phase.seconds_per_image * images

    def _train_epochs(self) -> None:
        """Trains epoch by epoch; when an observer requests a stop, the checkpoint is of that moment."""
        try:
            self._train_phase()
            while self._phase.number < self._phases.last:
                self._start_next_phase()
                self._train_phase()
        except StopRequested:
            self.save()
            self.results.write_last(self._state.is_best)
            raise
        self.results.write_last(self._state.is_best)
        self._phase.end()

    def _train_phase(self) -> None:
        if self._phase.number and not self._phase_is_over:
            self._observer.on_stage_start(self._phase.event())
        if not self._phase_is_over:
            self._phase.prepare(self._observer.on_notice, self._show_features)
        while not self._phase_is_over:
            self._train_epoch(len(self._state.epochs) + 1)

    def _show_features(self, done: int, images: int) -> None:
        self._observer.on_features(done, images)
        stop_if_requested(self._observer)

    @property
    def _before(self) -> int:
        """Steps of the phase before the current epoch."""
        return self._phase.steps * sum(epoch.stage == self._state.stage for epoch in self._state.epochs)

    @property
    def _remaining(self) -> int:
        """Steps of the phase from the current epoch on."""
        end = self._phase.steps * self._phase.epochs if self._keeper is None else self._keeper.end
        return end - self._before

    @property
    def _phase_is_over(self) -> bool:
        return self._state.stopped or self._remaining <= 0

    def _start_next_phase(self) -> None:
        """Ends a phase and starts the next; a training killed before the new checkpoint does it again."""
        self._phase.end()
        self._phase = self._phases.start(self._phase.number + 1, len(self._state.epochs))
        self._update(stage=self._phase.number, stopped=False)
        self._start_keeping()
        self.save()

    def _start_keeping(self, resumed: bool = False) -> None:
        """Starts the clock of the current phase."""
        if self._keeper is not None:
            phases = self._phases.train.phases[max(self._phase.number - 1, 0) :]
            epochs = [phase.epochs for phase in phases]
            number, steps, work = self._phase.number, self._phase.steps, self._phases.batches.work
            self._keeper.start_phase(number, steps, epochs, self._validation_steps, resumed, work)

    def _keep_time(self) -> bool:
        """Decides anew where the phase ends, if the time demands it, and records that before the next step."""
        leg = None if self._keeper is None else self._keeper.decide(self._before + self._state.steps)
        if leg is not None:
            self._phase.follow(leg)
            self.save()
            self._write_pace()
        return leg is not None

    def _write_pace(self) -> None:
        """Writes the decisions on `max_time`, and tells the observer how many epochs fit."""
        if self._keeper is not None:
            self._run.write_json(PACE, {"legs": [asdict(leg) for leg in self._keeper.legs]})
        if self._keeper is not None and self._keeper.legs:
            earlier = sum(epoch.stage != self._state.stage for epoch in self._state.epochs)
            self._observer.on_epochs_fitted(earlier + self._keeper.end / self._phase.steps)

    def _train_epoch(self, number: int) -> None:
        """Trains, validates and saves one epoch, or the rest of one."""
        self._epoch_start = time.monotonic() - self._state.seconds
        if self._keeper is not None:
            self._keeper.begin_epoch(self._before + self._state.steps)
        metrics = self._state.measured or self._train_steps(number)
        self._update(measured=metrics)
        metrics = {**metrics, **self._phase.validate(lambda done, steps: stop_if_requested(self._observer))}
        seconds = time.monotonic() - self._epoch_start
        epoch = Epoch(number, metrics, self._phase.learning_rate, seconds, self._state.stage)
        stopped = self._phase.end_epoch(number, metrics)
        improved = epoch.improves_on(self.history.best_epoch(), *self._monitor)
        epochs, best = (*self._state.epochs, epoch), number if improved else self._state.best
        self._update(epochs=epochs, best=best, steps=0, measured=None, seconds=0.0, stopped=stopped)
        self.save()
        self.results.write_epoch(self.history)
        self._observer.on_epoch_end(epoch, improved)
        self._keep_time()
        stop_if_requested(self._observer)

    def _train_steps(self, number: int) -> dict[str, float]:
        until, before = min(self._phase.steps, self._remaining), self._before
        stops = [] if self._keeper is None else [stop - before for stop in self._keeper.stops(before, before + until)]
        pauses = {self._phases.train.checkpoint.steps or until, *self._observer.reported_steps()}
        try:
            metrics = self._phase.train(self._state.steps, self._after_steps, pauses, until, stops)
        except NotFinite as error:
            raise divergence_error(self._phase, self._read_checkpoint(), error, self._observer) from None
        self._require_finite_weights(f"by the end of epoch {number}")
        return metrics

    def _require_finite_weights(self, when: str) -> None:
        """Ends a training whose weights are broken, also where a ReLU turns NaN into 0 and the loss stays finite."""
        if place := first_not_finite(self._phase.model):
            rate = f"at a learning rate of {self._phase.learning_rate:g}"
            raise TrainingError(f"the weights became {place} {when}, {rate}", ADVICE)

    def _after_steps(self, done: int, steps: int) -> int:
        """After every call of the loop: the only place within an epoch where a training stops or is saved.

        Returns:
            The steps of this epoch, which with `max_time` may be fewer from now on.
        """
        self._update(steps=done, seconds=time.monotonic() - self._epoch_start)
        self._observer.on_step(len(self._state.epochs) + 1, done, steps, self._phase.loop.metrics)
        self.results.settle(wait=False)
        stop_if_requested(self._observer)
        if self._keeper is not None:
            self._keeper.after_steps(self._before + done, self._phase.pixel_share)
            if done < steps and self._keep_time():
                return min(self._phase.steps, self._remaining)
        when = self._phases.train.checkpoint
        due = when.minutes is not None and self._clock() - self._saved >= 60 * when.minutes
        if done < steps and (due or (when.steps and done % when.steps == 0)):
            self.save()
        return steps

    def _update(self, **changes: Any) -> None:
        self._state = replace(self._state, **changes)

    def save(self) -> None:
        """Writes a checkpoint, from which the run can be resumed.

        Raises:
            TrainingError: A weight is infinite or NaN; the earlier checkpoint stays.
            ResourceError: Processes that train together have other weights.
        """
        self._phases.execution.require_same(self._phase.model)
        self._require_finite_weights(f"by step {self._state.steps} of epoch {len(self._state.epochs) + 1}")
        numbers, arrays = self._phase.state(self._state.mid_epoch)
        pace = None if self._keeper is None else self._keeper.pace
        with self._run.write(CHECKPOINT) as path:
            write_checkpoint(path, replace(self._state, callbacks=tuple(numbers), arrays=arrays, pace=pace))
        self._saved = self._clock()

    def _clock(self) -> float:
        """Seconds, by the clock of the process that writes the run."""
        return self._phases.execution.group.agreed([time.monotonic()])[0]

    def _read_checkpoint(self) -> TrainingState:
        return read_checkpoint(self._run.checkpoint, self._phase.expected)

    def _damaged(self, reason: str) -> RunError:
        return RunError(f"'{self._run.checkpoint}' is damaged: {reason}", "train again")
