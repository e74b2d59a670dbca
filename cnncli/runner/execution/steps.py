"""Calls into TensorFlow that make many steps, so that Python costs nothing beside them.

Keras' `fit` fixes the steps of one execution before it begins, and runs over the end of an epoch that they do not
divide. Here the number is an argument: it follows the speed of the machine, and never crosses the end of an epoch. The
numbers are the same to the last bit whatever it is.

AutoGraph is off, as Keras has it for its steps: tracing would take twice as long, and leave files among the temporary
ones, with the code that was traced.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.pipeline import Reader
from cnncli.startup import tf

if TYPE_CHECKING:
    import keras

    from cnncli.runner.execution.execution import Step

SECONDS_PER_CALL = 0.25
"""Duration of one call into TensorFlow: four times a second progress is shown and Ctrl-C takes effect."""

_MOST_STEPS = 1024
"""Steps of one call: with steps of a fraction of a millisecond, more would save nothing measurable."""


class Pace:
    """Number of steps in a call, from the time that the last one took."""

    def __init__(self) -> None:
        self._steps = 1
        self.seconds_per_step = 0.0

    def steps(self, remaining: int) -> int:
        """Steps of the next call."""
        return min(self._steps, remaining)

    @contextlib.contextmanager
    def timed(self, steps: int) -> Iterator[None]:
        """Times a call of `steps`; the next has at most twice as many, since the first also traces the graph."""
        before = time.perf_counter()
        yield
        seconds = time.perf_counter() - before
        self.seconds_per_step = seconds / steps
        fitting = int(steps * SECONDS_PER_CALL / max(seconds, 1e-6))
        self._steps = max(1, min(fitting, 2 * self._steps, _MOST_STEPS))


def many_steps(step: Step) -> Callable[[Any, tf.Tensor], None]:
    """One call into TensorFlow that makes a number of steps.

    Args:
        step: Takes one batch, as arguments.

    Returns:
        A function of an iterator of batches and the number of steps, an int32 scalar.
    """

    @tf.function(reduce_retracing=True, autograph=False)
    def run(iterator: Any, steps: tf.Tensor) -> None:
        def body(number: tf.Tensor) -> tuple[tf.Tensor]:
            step(*next(iterator))
            return (number + 1,)

        tf.while_loop(lambda number: number < steps, body, [tf.constant(0)], parallel_iterations=1)

    return run


@contextlib.contextmanager
def read_errors_of(*readers: Reader) -> Iterator[None]:
    """Inside, an image that cannot be read raises its own error instead of one of TensorFlow's."""
    try:
        yield
    except tf.errors.OpError as error:
        for reader in readers:
            if reader.failure:
                raise reader.failure from error
        raise


def metrics_of(model: keras.Model) -> dict[str, float]:
    """The current values of a model's metrics; a metric with one value for each class gives their mean."""
    return {name: float(np.mean(np.asarray(value))) for name, value in model.get_metrics_result().items()}


def outputs_of(model: keras.Model, batches: tf.data.Dataset) -> np.ndarray:
    """The model's outputs for every image, in order.

    Args:
        model: Built model.
        batches: Batches of images and anything else.

    Returns:
        `(images, units)`, float32.
    """
    return _outputs(model, batches)[0]


def outputs_and_loss(model: keras.Model, batches: tf.data.Dataset) -> tuple[np.ndarray, float]:
    """The model's outputs for every image, in order, and its loss, as in a validation.

    Args:
        model: Compiled model.
        batches: Batches of images and targets.

    Returns:
        `(images, units)`, float32; the mean loss of an image, with the penalties of weights and activities.
    """
    return _outputs(model, batches, with_loss=True)


def _outputs(model: keras.Model, batches: tf.data.Dataset, with_loss: bool = False) -> tuple[np.ndarray, float]:
    output = model.outputs[0]

    @tf.function(reduce_retracing=True, autograph=False)
    def run(iterator: Any, steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def body(step: tf.Tensor, rows: tf.TensorArray, losses: tf.Tensor) -> tuple[Any, ...]:
            images, *others = next(iterator)
            outputs = model(images, training=False)  # (batch, units)
            if with_loss:  # in here Keras finds the logits beneath a softmax, and the penalties that layers add
                loss = model.compute_loss(images, others[0], outputs, training=False)
                losses += tf.cast(loss, tf.float64) * tf.cast(tf.shape(images)[0], tf.float64)
            return step + 1, rows.write(step, outputs), losses

        rows = tf.TensorArray(output.dtype, size=steps, element_shape=[None, *output.shape[1:]], infer_shape=False)
        start = [tf.constant(0), rows, tf.constant(0.0, tf.float64)]
        _, rows, losses = tf.while_loop(lambda step, *_: step < steps, body, start, parallel_iterations=1)
        return rows.concat(), losses

    iterator, steps, pace = iter(batches), int(batches.cardinality()), Pace()
    outputs: list[np.ndarray] = []
    done, loss = 0, 0.0
    while done < steps:
        count = pace.steps(steps - done)
        with pace.timed(count):
            rows, losses = run(iterator, tf.constant(count))
            outputs.append(rows.numpy())
            loss += float(losses)
        done += count
    rows = np.concatenate(outputs)
    return rows, loss / len(rows)
