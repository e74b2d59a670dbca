"""How long steps take, from a few of them: without the first ones, which trace, compile and find batches waiting."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field

from cnncli.errors import TrainingError
from cnncli.runner.divergence import ADVICE
from cnncli.runner.loop import NotFinite
from cnncli.runner.stage import Stage

TRAINING, VALIDATION = 6.0, 2.0
"""Seconds that steps are timed for; more when a single one takes longer."""

WARMING_UP = 0.2
"""The part of these seconds whose steps do not count."""


class _Enough(Exception):
    """The figure is steady."""


@dataclass
class _Clock:
    """Is told of steps, and says how long one takes.

    Args:
        budget: seconds until it has enough.
        marks: moments, with the steps that were done by then.
        before: steps of earlier epochs.
    """

    budget: float
    marks: list[tuple[float, int]] = field(default_factory=list)
    before: int = 0

    def start(self, done: int = 0) -> None:
        """Begins, or goes on with, an epoch of which so many steps are done."""
        if not self.marks:
            self.marks.append((time.perf_counter(), 0))
        self.before = self.steps - done

    def __call__(self, done: int, steps: int) -> None:
        self.marks.append((time.perf_counter(), self.before + done))
        if self.passed >= self.budget:
            raise _Enough

    @property
    def passed(self) -> float:
        """Seconds from the first mark to the last."""
        return self.marks[-1][0] - self.marks[0][0]

    @property
    def steps(self) -> int:
        """Steps from the first mark to the last."""
        return self.marks[-1][1]

    def seconds_per_step(self) -> float:
        """Of the steps after the warming up, or of all when there are none after it."""
        first, last = self.marks[0], self.marks[-1]
        later = [mark for mark in self.marks if mark[0] - first[0] >= WARMING_UP * self.budget and mark[1] < last[1]]
        start = later[0] if later and last[1] - later[0][1] >= last[1] / 4 else first
        return (last[0] - start[0]) / max(1, last[1] - start[1])


@dataclass(frozen=True)
class TrainingTime:
    """How fast a model trains.

    Args:
        first: seconds of the first step, which also traces and compiles it.
        first_loss: of that step.
        per_step: seconds of any other.
        steps: that were measured.
    """

    first: float
    first_loss: float
    per_step: float
    steps: int


def time_training(stage: Stage, epochs: int, budget: float = TRAINING) -> TrainingTime:
    """Trains for a few seconds, but never longer than the training itself.

    Args:
        stage: at its beginning.
        epochs: of the training.
        budget: seconds.

    Raises:
        TrainingError: the loss became infinite or no number.
    """
    began, done = time.perf_counter(), 1
    try:
        loss = stage.train(0, lambda done, steps: None, until=1)["loss"]
        first = time.perf_counter() - began
        clock = _Clock(budget)
        for epoch in range(epochs):
            done = 1 if epoch == 0 else 0
            if done == stage.steps:
                continue
            clock.start(done)
            try:
                stage.train(done, clock)
            except _Enough:
                break
    except NotFinite as error:
        where = "the first step" if error.steps.stop == 1 else f"steps {error.steps.start + 1} to {error.steps.stop}"
        message = f"the loss became {error.loss} in {where}, at a learning rate of {stage.learning_rate:g}"
        raise TrainingError(message, ADVICE) from None
    if not clock.marks or not clock.steps:
        return TrainingTime(first, loss, first, 1)
    return TrainingTime(first, loss, clock.seconds_per_step(), clock.steps)


def time_validation(stage: Stage, budget: float = VALIDATION) -> float:
    """Seconds of a batch of the validation; 0 without one."""
    for seconds in (0.0, budget):  # the first time it is traced
        clock = _Clock(seconds)
        clock.start()
        with contextlib.suppress(_Enough):
            stage.validate(clock)
    return clock.seconds_per_step() if clock.steps else 0.0
