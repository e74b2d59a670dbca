"""Times steps and validation on a few seconds of them, and adds up what a training takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnncli.errors import TrainingError
from cnncli.runner.training.divergence import ADVICE
from cnncli.runner.training.loop import NotFinite
from cnncli.runner.training.pace import Speed, fitting_steps, shares
from cnncli.runner.training.phases import TrainingPhase
from cnncli.runner.training.timekeeper import TOLERANCE
from cnncli.spec.schema import Checkpoint, Train

TRAINING, VALIDATION = 7.0, 2.0
"""Seconds for which steps run, so that one call into TensorFlow (0.25 s) more or less hardly matters."""

WARM_UP, WARM_UP_STEPS = 1.0, 6
"""Seconds and steps that do not count: the pipeline prepared their batches while the first step was compiled."""


Mark = tuple[float, int]
"""A moment in seconds, and the number of steps done by then."""


@dataclass(frozen=True)
class StepTimes:
    """Durations of steps, or of batches of a validation."""

    first: float = 0.0  # seconds by which the first takes longer: it is traced and compiled
    per_step: float = 0.0
    steps: int = 0  # timed
    first_loss: float = 0.0


@dataclass(frozen=True)
class StageSeconds:
    """Durations of one stage; a training without stages is a single one."""

    epochs: float  # at most; whole numbers but for the last part of an epoch that max_time leaves
    before: float  # once: freezing, compiling, tracing the first step
    training: float  # of one epoch, as are the next three
    validation: float
    checkpoints: float  # within the epoch
    saving: float  # after it: checkpoint and weights

    @property
    def epoch(self) -> float:
        """One epoch, as `history.csv` counts it."""
        return self.training + self.validation + self.checkpoints

    @property
    def total(self) -> float:
        """The whole stage."""
        return self.before + self.epochs * (self.epoch + self.saving)


@dataclass(frozen=True)
class Seconds:
    """Durations of the parts of a training."""

    decoding: float  # image files into the cache; 0 when they are there or are not cached
    before: float  # starting, loading and building
    stages: tuple[StageSeconds, ...]
    after: float  # test and reports

    @property
    def total(self) -> float:
        """The whole command."""
        return self.decoding + self.before + sum(stage.total for stage in self.stages) + self.after


def fit_epochs(stages: Sequence[StageSeconds], steps: int, seconds: float) -> tuple[StageSeconds, ...]:
    """The stages with as many epochs, of some steps each, as fit into a time when a training with `max_time` starts."""
    fitted: list[StageSeconds] = []
    for number, stage in enumerate(stages):
        left = max(0.0, seconds - sum(each.total for each in fitted))
        share = shares(left, [each.epochs for each in stages[number:]]) - stage.before
        speed = Speed(stage.training / steps, stage.epoch - stage.training + stage.saving)
        end = fitting_steps(share, speed, steps, least=TOLERANCE * seconds)
        epochs = min(stage.epochs, end / steps)
        fitted.append(replace(stage, epochs=int(epochs) if epochs == int(epochs) else epochs))
    return tuple(fitted)


class _TimeIsUp(Exception):
    """Enough steps are timed."""


def time_sizes(phase: TrainingPhase, train: Train) -> StepTimes:
    """Times a phase that has just started as `time_training` does, in as many parts as its images have sizes.

    Returns:
        The duration of a step on average over the phase.
    """
    parts, times = phase.parts, []
    for part in parts:
        phase.go_to(part.start * phase.steps)
        times.append(time_training(phase, part, train, TRAINING / len(parts)))
    per_step = sum(each.per_step * len(part) for each, part in zip(times, parts, strict=True)) / phase.epochs
    first, steps = (sum(numbers) for numbers in zip(*((each.first, each.steps) for each in times), strict=True))
    return StepTimes(first, per_step, int(steps), times[0].first_loss)


def time_training(
    phase: TrainingPhase, epochs: range, train: Train, duration: float = TRAINING, warm_up: float = WARM_UP
) -> StepTimes:
    """Trains a few seconds of some epochs, at most all of them, of which the first seconds do not count.

    Args:
        phase: The phase, at the first step of these epochs.
        epochs: Epochs of the training, counted from 0, with images of one size.
        train: How the model is trained.
        duration: Seconds to train.
        warm_up: Those of these seconds that do not count.

    Raises:
        TrainingError: The loss became infinite or NaN.
    """
    marks: list[Mark] = []

    def on_steps(done: int, steps: int) -> None:
        marks.append((time.perf_counter(), epoch * steps + done))
        if marks[-1][0] - marks[0][0] >= duration:
            raise _TimeIsUp

    began, epoch = time.perf_counter(), 0
    pauses = () if train.checkpoint.steps is None else (train.checkpoint.steps,)
    try:
        loss = phase.train(0, lambda *_: None, until=1)["loss"]
        if train.jit_compile and phase.steps > 1:  # the last batch of an epoch, if smaller, is compiled separately
            phase.go_to((epochs.start + 1) * phase.steps - 1)
            phase.train(phase.steps - 1, lambda *_: None)
            phase.go_to(epochs.start * phase.steps + 1)
        marks.append((time.perf_counter(), 1))
        with contextlib.suppress(_TimeIsUp):
            for epoch in range(len(epochs)):
                phase.train(0 if epoch else 1, on_steps, pauses)
    except NotFinite as error:
        steps = "the first step" if error.steps.stop == 1 else f"steps {error.steps.start + 1} to {error.steps.stop}"
        message = f"the loss became {error.loss} in {steps}, at a learning rate of {phase.learning_rate:g}"
        raise TrainingError(message, ADVICE) from None
    first = marks[0][0] - began
    per_step = seconds_per_step(marks, warm_up) if len(marks) > 1 else first  # the whole training may be one step
    return StepTimes(max(0.0, first - per_step), per_step, marks[-1][1], loss)


def seconds_per_step(marks: Sequence[Mark], warm_up: float = WARM_UP) -> float:
    """Duration of a step after the warm-up, or of any step when fewer than a quarter came after it."""
    start, end = marks[0], marks[-1]
    warm = next((mark for mark in marks if mark[0] - start[0] >= warm_up and mark[1] - start[1] >= WARM_UP_STEPS), end)
    if end[1] - warm[1] >= (end[1] - start[1]) / 4:
        start = warm
    return (end[0] - start[0]) / (end[1] - start[1])


def time_validation(phase: TrainingPhase) -> StepTimes:
    """Validates for a few seconds, from the first batch as after each epoch; without validation images all is 0."""
    durations, batches = [], 0

    def on_batches(done: int, total: int) -> None:
        nonlocal batches
        batches = done
        if time.perf_counter() >= until:
            raise _TimeIsUp

    for seconds in (0.0, VALIDATION):  # the first batch is traced
        began = time.perf_counter()
        until = began + seconds
        with contextlib.suppress(_TimeIsUp):
            phase.validate(on_batches)
        durations.append((time.perf_counter() - began) / max(1, batches))
    return StepTimes(max(0.0, durations[0] - durations[1]), durations[1], batches) if batches else StepTimes()


def checkpoints_within(when: Checkpoint, steps: int, seconds: float) -> int:
    """Number of checkpoints within an epoch of some steps and seconds, without the one at its end."""
    by_steps = (steps - 1) // when.steps if when.steps else 0
    by_minutes = int(seconds / (60 * when.minutes)) if when.minutes else 0
    return max(by_steps, by_minutes)
