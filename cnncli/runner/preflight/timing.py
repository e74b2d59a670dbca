"""How long steps take, from a few of them: without the first ones, which trace, compile and find batches waiting."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field

from cnncli.errors import TrainingError
from cnncli.runner.training.divergence import ADVICE
from cnncli.runner.training.errors import NotFinite
from cnncli.runner.training.phases import TrainingPhase

TRAINING, VALIDATION = 6.0, 2.0
"""Seconds that steps are timed for; more when a single one takes longer."""

WARMING_UP = 1.0
"""Seconds whose steps do not count."""

WAITING = 6
"""Steps that do not count either, however slow: the pipeline made their batches while the first step was compiled."""


class _Enough(Exception):
    """The figure is steady."""


@dataclass
class _Clock:
    """Is told of steps, and says how long one takes.

    Args:
        budget: seconds that are to be counted.
        warming_up: seconds before that; steps that take longer than that for `WAITING` of them warm up for as long as
            the budget at most.
        marks: moments, with the steps that were done by then.
        warm: which of the marks is the first that counts; 0 until one does.
        before: steps of earlier epochs.
    """

    budget: float
    warming_up: float = 0.0
    marks: list[tuple[float, int]] = field(default_factory=list)
    warm: int = 0
    before: int = 0

    def start(self, done: int = 0) -> None:
        """Begins, or goes on with, an epoch of which so many steps are done."""
        if not self.marks:
            self.marks.append((time.perf_counter(), 0))
        self.before = self.steps - done

    def __call__(self, done: int, steps: int) -> None:
        self.mark(time.perf_counter(), self.before + done)

    def mark(self, moment: float, steps: int) -> None:
        """So many steps were done at a moment."""
        self.marks.append((moment, steps))
        if self.warming_up and not self.warm:
            passed = moment - self.marks[0][0]
            if passed >= self.warming_up and (steps >= WAITING or passed >= self.budget):
                self.warm = len(self.marks) - 1
        elif moment - self.marks[self.warm][0] >= self.budget:
            raise _Enough

    @property
    def steps(self) -> int:
        """Steps from the first mark to the last."""
        return self.marks[-1][1]

    def seconds_per_step(self) -> float:
        """Of the steps after the warming up, or of all when there are hardly any after it."""
        (until, last), (since, first) = self.marks[-1], self.marks[self.warm]
        if last - first < last / 4:
            since, first = self.marks[0]
        return (until - since) / max(1, last - first)


@dataclass(frozen=True)
class TrainingTime:
    """How fast a model trains.

    Args:
        first: seconds more that the first step takes, which is traced and compiled.
        first_loss: of that step.
        per_step: seconds of any other.
        steps: that were measured.
    """

    first: float
    first_loss: float
    per_step: float
    steps: int


def time_training(
    stage: TrainingPhase, epochs: int, before: int = 0, compiles: bool = False, pause: int | None = None
) -> TrainingTime:
    """Trains for a few seconds, but never longer than the training itself.

    Args:
        stage: at its beginning.
        epochs: of the stage.
        before: epochs of the stages before it.
        compiles: whether the last batch of an epoch is another program than the others.
        pause: steps after which a training saves a checkpoint, where it does.

    Raises:
        TrainingError: the loss became infinite or no number.
    """
    began, clock = time.perf_counter(), _Clock(TRAINING, WARMING_UP)
    try:
        loss = stage.train(0, _unwatched, until=1)["loss"]
        if compiles and stage.steps > 1:
            stage.go_to((before + 1) * stage.steps - 1)
            stage.train(stage.steps - 1, _unwatched)
            stage.go_to(before * stage.steps + 1)
        first = time.perf_counter() - began
        _time_steps(stage, clock, epochs, pause)
    except NotFinite as error:
        where = "the first step" if error.steps.stop == 1 else f"steps {error.steps.start + 1} to {error.steps.stop}"
        message = f"the loss became {error.loss} in {where}, at a learning rate of {stage.learning_rate:g}"
        raise TrainingError(message, ADVICE) from None
    if not clock.marks:
        return TrainingTime(0.0, loss, first, 1)
    per_step = clock.seconds_per_step()
    return TrainingTime(max(0.0, first - per_step), loss, per_step, clock.steps)


def _time_steps(stage: TrainingPhase, clock: _Clock, epochs: int, pause: int | None) -> None:
    """Trains from the second step of a stage until the clock has enough, or the stage is over."""
    with contextlib.suppress(_Enough):
        for epoch in range(epochs):
            done = 1 if epoch == 0 else 0
            if done < stage.steps:
                clock.start(done)
                stage.train(done, clock, pause)


def _unwatched(done: int, steps: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class ValidationTime:
    """How fast a model is measured; nothing without validation images.

    Args:
        first: seconds more that the first batch takes, which is traced.
        per_batch: seconds of any other, with its part in the beginning of a validation.
    """

    first: float = 0.0
    per_batch: float = 0.0


def time_validation(stage: TrainingPhase) -> ValidationTime:
    """Validates for a few seconds, from the beginning as after each epoch."""
    figures = []
    for budget in (0.0, VALIDATION):  # the first time it is traced
        clock = _Clock(budget)
        clock.start()
        with contextlib.suppress(_Enough):
            stage.validate(clock)
        if not clock.steps:
            return ValidationTime()
        figures.append(clock.seconds_per_step())
    first, per_batch = figures
    return ValidationTime(max(0.0, first - per_batch), per_batch)
