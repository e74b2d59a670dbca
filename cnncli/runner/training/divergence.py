"""Finds the step in which a training diverged, by repeating the last steps.

Nothing is measured for this while a model trains, so a training that goes well pays nothing for it.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from cnncli.errors import TrainingError
from cnncli.observer import TrainingObserver
from cnncli.runner.training.checkpoint import TrainingState
from cnncli.runner.training.loop import NotFinite
from cnncli.runner.training.observers import StopRequested, stop_if_requested
from cnncli.startup import keras, tf

if TYPE_CHECKING:
    from cnncli.runner.training.phases import TrainingPhase

ADVICE = "try a tenth of the learning rate, or 'clipnorm: 1.0' in the optimizer"

LONGEST = 30.0
"""Seconds that repeating the steps since the last checkpoint may take: longer would delay the report of the error."""


def divergence_error(
    phase: TrainingPhase, state: TrainingState, error: NotFinite, observer: TrainingObserver
) -> TrainingError:
    """The error to raise: in which step it happened, at which learning rate, and the gradient's length before it.

    The weights of the phase are those of an earlier step afterwards; the observer may stop the search.
    """
    steps, norm, epoch = error.steps, float("nan"), len(state.epochs) + 1
    place, learning_rate = f"between steps {steps.start + 1} and {steps.stop}", phase.learning_rate
    try:
        if 2 * (steps.stop - state.steps) * phase.loop.seconds_per_step < LONGEST:
            step = _diverging_step(phase, state, steps, observer)
            place = f"in step {step + 1}"
            if step > state.steps:
                _replay(phase, state, step - 1, observer)
                learning_rate = phase.learning_rate
                norm = _gradient_norm(phase.trained, phase.batch((epoch - 1) * phase.steps + step - 1))
    except StopRequested:
        pass  # the error then contains what is known so far
    message = f"the loss became {error.loss} {place} of epoch {epoch}, at a learning rate of {learning_rate:g}"
    if isfinite(norm):
        message += f"; the gradient one step earlier had a length of {norm:.3g}"
    return TrainingError(message, ADVICE)


def _replay(phase: TrainingPhase, state: TrainingState, until: int, observer: TrainingObserver) -> None:
    """Trains from a state to a step of the same epoch."""
    phase.restore(state)
    phase.train(state.steps, lambda done, steps: stop_if_requested(observer), until=until)


def _diverging_step(phase: TrainingPhase, state: TrainingState, steps: range, observer: TrainingObserver) -> int:
    """The step of the epoch, counted from 0, in which the loss is not finite for the first time."""
    _replay(phase, state, steps.start, observer)
    for step in steps:
        try:
            phase.train(step, lambda done, steps: stop_if_requested(observer), until=step + 1)
        except NotFinite:
            return step
    return steps.stop - 1


def _gradient_norm(model: keras.Model, batch: tuple[tf.Tensor, ...]) -> float:
    """The length of the gradient of a training batch, before any clipping."""
    images, targets, *weights = batch
    with tf.GradientTape() as tape:
        outputs = model(images, training=True)
        loss = model.compute_loss(images, targets, outputs, *weights, training=True)
    gradients = tape.gradient(loss, model.trainable_weights)
    return float(tf.linalg.global_norm([gradient for gradient in gradients if gradient is not None]))
