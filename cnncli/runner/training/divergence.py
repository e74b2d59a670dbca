"""Finds out where a training went wrong, by going the last steps again.

Nothing is measured for this while a model trains, so a training that goes well pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from cnncli.errors import TrainingError
from cnncli.runner.training.checkpoint import TrainingState
from cnncli.runner.training.loop import NotFinite, OnSteps
from cnncli.runner.training.observer import Observer, StopRequested
from cnncli.runner.training.phase import Stage

ADVICE = "try a tenth of the learning rate, or 'clipnorm: 1.0' in the optimizer"
LONGEST = 30.0
"""Seconds that the steps since the last checkpoint may take once more."""


def diverged(
    stage: Stage, checkpoint: Callable[[], TrainingState], epoch: int, error: NotFinite, observer: Observer
) -> TrainingError:
    """Says what happened: in which step, at which learning rate, and how long the gradient before it was.

    Args:
        stage: that diverged; its weights are finite afterwards, those of a step before.
        checkpoint: reads the last state before.
        epoch: the number of the epoch.
        error: tells the steps among which it happened.
        observer: may stop the search.
    """
    steps, norm = error.steps, float("nan")
    where, learning_rate = f"between steps {steps.start + 1} and {steps.stop}", stage.learning_rate
    seconds = stage.seconds_per_step
    try:
        state = checkpoint()
        if 2 * (steps.stop - state.steps) * seconds < LONGEST:
            step = _find(stage, state, steps, observer)
            where = f"in step {step + 1}"
            if step > state.steps:
                _replay(stage, state, step - 1, observer)
                learning_rate = stage.learning_rate
                norm = stage.gradient_norm((epoch - 1) * stage.steps + step - 1)
    except StopRequested:
        pass  # what is known by now is said
    message = f"the loss became {error.loss} {where} of epoch {epoch}, at a learning rate of {learning_rate:g}"
    if isfinite(norm):
        message += f"; the gradient one step earlier had a length of {norm:.3g}"
    return TrainingError(message, ADVICE)


def _replay(stage: Stage, state: TrainingState, until: int, observer: Observer) -> None:
    """Trains from a state to a step of the same epoch."""
    stage.restore(state)
    stage.train(state.steps, _stopping(observer), until=until)


def _find(stage: Stage, state: TrainingState, steps: range, observer: Observer) -> int:
    """The step of the epoch, counted from 0, whose loss is no finite number."""
    _replay(stage, state, steps.start, observer)
    for step in steps:
        try:
            stage.train(step, _stopping(observer), until=step + 1)
        except NotFinite:
            return step
    return steps.stop - 1


def _stopping(observer: Observer) -> OnSteps:
    def on_steps(done: int, steps: int) -> None:
        if code := observer.stop_requested():
            raise StopRequested(code)

    return on_steps
