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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cnncli.data.pipeline import Draw, Reader
from cnncli.factory.computation.halves import LOGITS, in_halves, takes_halves
from cnncli.startup import keras, tf
from cnncli.workers.group import Alone

if TYPE_CHECKING:
    from cnncli.runner.execution.execution import Step

SECONDS_PER_CALL = 0.25
"""Duration of one call into TensorFlow: four times a second progress is shown and Ctrl-C takes effect."""

_MOST_STEPS = 1024
"""Steps of one call: with steps of a fraction of a millisecond, more would save nothing measurable."""


class PacedCalls:
    """Calls a function of many steps again and again, each time with as many as take `SECONDS_PER_CALL`.

    Args:
        run: Takes an iterator of batches and the number of steps, an int32 scalar.
        group: The processes that make the same calls; it is the clock of rank 0 that counts.

    Attributes:
        seconds_per_step: Duration of a step in the last call; 0 before the first.
    """

    def __init__(self, run: Callable[[Any, tf.Tensor], Any], group: Alone | None = None) -> None:
        self._group = group or Alone()
        self._run, self._steps_per_call, self.seconds_per_step = run, 1, 0.0

    def call(self, iterator: Any, remaining: int) -> tuple[int, Any]:
        """Makes one call of at most `remaining` steps; returns their number and what the function returned.

        The next call has at most twice as many steps, since the first also traces the graph.
        """
        steps, before = min(self._steps_per_call, remaining), time.perf_counter()
        returned = self._run(iterator, tf.constant(steps))
        (seconds,) = self._group.agreed([time.perf_counter() - before])
        self.seconds_per_step = seconds / steps
        fitting = int(steps * SECONDS_PER_CALL / max(seconds, 1e-6))
        self._steps_per_call = max(1, min(fitting, 2 * self._steps_per_call, _MOST_STEPS))
        return steps, returned


def many_steps(step: Step) -> Callable[[Any, tf.Tensor], None]:
    """A function of an iterator of batches and a number of steps, as `PacedCalls` takes it."""

    @tf.function(reduce_retracing=True, autograph=False)
    def run(iterator: Any, steps: tf.Tensor) -> None:
        def body(number: tf.Tensor) -> tuple[tf.Tensor]:
            step(*next(iterator))
            return (number + 1,)

        tf.while_loop(lambda number: number < steps, body, [tf.constant(0)], parallel_iterations=1)

    return run


class Drawn:
    """Batches that a loop makes itself; a stand-in for an iterator over them.

    Args:
        draw: Makes the batch of a step.
        step: The next step, counted from 0 over all epochs.
    """

    def __init__(self, draw: Draw, step: int) -> None:
        self.draw, self.step = draw, step


def many_drawn_steps(step: Step, draw: Draw) -> Callable[[Drawn, tf.Tensor], None]:
    """The same for batches that the loop makes itself, each while the step before it trains.

    A batch that is little work, because its images are in memory, costs less so than to be handed over by `tf.data`.
    """

    @tf.function(reduce_retracing=True, autograph=False)
    def run(first: tf.Tensor, steps: tf.Tensor) -> None:
        def body(number: tf.Tensor, *batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
            following = draw(first + tf.cast(number, tf.int64) + 1)
            step(*batch)
            return number + 1, *following

        batch = draw(first)
        shapes = [tf.TensorShape([]), *(tf.TensorShape([None, *tensor.shape[1:]]) for tensor in batch)]
        start = [tf.constant(0), *batch]
        tf.while_loop(lambda number, *_: number < steps, body, start, shape_invariants=shapes, parallel_iterations=1)

    def run_on(batches: Drawn, steps: tf.Tensor) -> None:
        run(tf.constant(batches.step, tf.int64), steps)
        batches.step += int(steps)

    return run_on


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


def metrics_of(model: keras.Model, group: Alone | None = None) -> dict[str, float]:
    """The current values of a model's metrics, those of rank 0; one with a value for each class gives their mean."""
    values = {name: float(np.mean(np.asarray(value))) for name, value in model.get_metrics_result().items()}
    return values if group is None else dict(zip(values, group.agreed(list(values.values())), strict=True))


def outputs_of(model: keras.Model, batches: tf.data.Dataset) -> np.ndarray:
    """The outputs of a built model for every image, in order: `(images, units)`, float32."""
    return Answering(model, with_loss=False)(batches).outputs


class Answers(NamedTuple):
    """What a model answers for every image, in order.

    Args:
        outputs: `(images, units)`, float32.
        logits: What the softmax or sigmoid at the end of the model makes the outputs of, `(images, units)`; the outputs
            themselves where it ends otherwise.
        loss: The mean loss of an image, with the penalties of weights and activities; 0 unless asked for.
    """

    outputs: np.ndarray
    logits: np.ndarray
    loss: float


class Answering:
    """Computes what a model answers; what is traced for the first images serves those of other splits.

    Args:
        model: Model; for the loss a compiled one.
        with_loss: Whether to compute the loss, as in a validation.
    """

    def __init__(self, model: keras.Model, with_loss: bool = True) -> None:
        output, halved = model.outputs[0], takes_halves(model)

        @tf.function(reduce_retracing=True, autograph=False)
        def run(iterator: Any, steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            def body(step: tf.Tensor, rows: tf.TensorArray, raw: tf.TensorArray, losses: tf.Tensor) -> tuple[Any, ...]:
                images, *others = next(iterator)
                outputs = in_halves(model, images, False) if halved else model(images, training=False)  # (batch, units)
                logits = getattr(outputs, LOGITS, outputs)  # where Keras' losses find them beneath a softmax
                if with_loss:  # with the penalties that layers add
                    loss = model.compute_loss(images, others[0], outputs, training=False)
                    losses += tf.cast(loss, tf.float64) * tf.cast(tf.shape(images)[0], tf.float64)
                return step + 1, rows.write(step, outputs), raw.write(step, tf.cast(logits, output.dtype)), losses

            rows, raw = (
                tf.TensorArray(output.dtype, size=steps, element_shape=[None, *output.shape[1:]], infer_shape=False)
                for _ in range(2)
            )
            start = [tf.constant(0), rows, raw, tf.constant(0.0, tf.float64)]
            _, rows, raw, losses = tf.while_loop(lambda step, *_: step < steps, body, start, parallel_iterations=1)
            return rows.concat(), raw.concat(), losses

        self._run = run

    def __call__(self, batches: tf.data.Dataset) -> Answers:
        """The model's outputs for every image of batches with targets, in order, and its loss."""
        calls = PacedCalls(lambda iterator, steps: [tensor.numpy() for tensor in self._run(iterator, steps)])
        iterator, remaining, outputs, logits, total = iter(batches), int(batches.cardinality()), [], [], 0.0
        while remaining:
            steps, (rows, raw, losses) = calls.call(iterator, remaining)
            outputs.append(rows)
            logits.append(raw)
            total += float(losses)
            remaining -= steps
        every = np.concatenate(outputs)
        return Answers(every, np.concatenate(logits), total / len(every))
