"""The loops over batches: many steps in one call of TensorFlow, so that Python costs nothing beside the training.

Keras' `fit` fixes the steps of one execution before it begins and runs over the end of an epoch that they do not
divide. Here the number is an argument: it follows the speed of the machine, and never crosses the end of an epoch. The
numbers are the same to the last bit whatever it is. The step itself is Keras' own `train_step`.

AutoGraph is off, as Keras has it for its steps: tracing would take twice as long, and leave files among the temporary
ones, with the code that was traced.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.pipeline import Reader
from cnncli.startup import tf

if TYPE_CHECKING:
    import keras

SECONDS_PER_CALL = 0.25
"""How long one call into TensorFlow is meant to take: progress is shown, and Ctrl-C heard, four times a second."""

OnSteps = Callable[[int, int], None]
"""Is told the steps done in this epoch and their number."""


class NotFinite(Exception):
    """The loss became infinite or no number.

    Args:
        steps: of this epoch, counted from 0; it happened in one of them.
        loss: infinite or nan.
    """

    def __init__(self, steps: range, loss: float) -> None:
        super().__init__(f"the loss became {loss} in {steps}")
        self.steps, self.loss = steps, loss


class _Pace:
    """How many steps fill a call: it follows the machine."""

    def __init__(self) -> None:
        self._steps = 1
        self.seconds_per_step = 0.0

    def steps(self, left: int) -> int:
        """Steps of the next call."""
        return min(self._steps, left)

    def took(self, steps: int, seconds: float) -> None:
        """Learns from a call; never more than doubles, because the first one also traces the graph."""
        self.seconds_per_step = seconds / steps
        wanted = int(steps * SECONDS_PER_CALL / max(seconds, 1e-6))
        self._steps = max(1, min(wanted, 2 * self._steps, 1024))


class TrainingLoop:
    """Trains a compiled model from one endless iterator of batches.

    Args:
        model: compiled.
        batches: a dataset of batches, one for each step of the whole training.
        jit_compile: make one XLA program of the step.
    """

    def __init__(self, model: keras.Model, batches: tf.data.Dataset, jit_compile: bool = False) -> None:
        self.model = model
        self._iterator = iter(batches)
        self._pace = _Pace()

        @tf.function(jit_compile=jit_compile, autograph=False)
        def step_on(*batch: tf.Tensor) -> None:
            model.train_step(batch)

        @tf.function(reduce_retracing=True, autograph=False)
        def run(iterator: Any, steps: tf.Tensor) -> None:
            def body(step: tf.Tensor) -> tuple[tf.Tensor]:
                step_on(*next(iterator))
                return (step + 1,)

            tf.while_loop(lambda step: step < steps, body, [tf.constant(0)], parallel_iterations=1)

        self._run = run

    @property
    def seconds_per_step(self) -> float:
        """How long a step takes, as the last call had it; 0 before the first."""
        return self._pace.seconds_per_step

    def go_on_with(self, batches: tf.data.Dataset) -> None:
        """Takes further batches from another dataset with elements of the same kind."""
        self._iterator = iter(batches)

    def epoch(self, steps: int, on_steps: OnSteps, done: int = 0, pause: int | None = None) -> dict[str, float]:
        """Runs one epoch, or the rest of one.

        Args:
            steps: of this epoch.
            on_steps: is told how far it is, a few times a second; what it raises ends the epoch between two steps.
            done: steps that were done before; the metrics then go on from where they stand.
            pause: `on_steps` is told of every multiple of so many steps.

        Returns:
            The metrics over the epoch, as Python floats.

        Raises:
            NotFinite: the loss became infinite or no number.
        """
        if not done:
            self.model.reset_metrics()
        while done < steps:
            count = self._pace.steps(steps - done if pause is None else min(steps - done, pause - done % pause))
            before = time.perf_counter()
            self._run(self._iterator, tf.constant(count))
            self._pace.took(count, time.perf_counter() - before)
            loss = results(self.model)["loss"]
            if not isfinite(loss):  # it stays so until the end of the epoch, however long that is
                raise NotFinite(range(done, done + count), loss)
            done += count
            on_steps(done, steps)
        return results(self.model)


class ValidationLoop:
    """Measures a compiled model on the same batches again and again."""

    def __init__(self, model: keras.Model, batches: tf.data.Dataset) -> None:
        self.model = model
        self._batches = batches
        self._steps = int(batches.cardinality())
        self._pace = _Pace()

        @tf.function(reduce_retracing=True, autograph=False)
        def run(iterator: Any, steps: tf.Tensor) -> None:
            def body(step: tf.Tensor) -> tuple[tf.Tensor]:
                model.test_step(next(iterator))
                return (step + 1,)

            tf.while_loop(lambda step: step < steps, body, [tf.constant(0)], parallel_iterations=1)

        self._run = run

    @property
    def seconds_per_step(self) -> float:
        """How long a batch takes, as the last call had it; 0 before the first."""
        return self._pace.seconds_per_step

    def measure(self, on_steps: OnSteps = lambda done, steps: None) -> dict[str, float]:
        """The metrics over all batches, as Python floats.

        Args:
            on_steps: is told how far it is, a few times a second; what it raises ends the measurement.
        """
        self.model.reset_metrics()
        iterator, done = iter(self._batches), 0
        while done < self._steps:
            count = self._pace.steps(self._steps - done)
            before = time.perf_counter()
            self._run(iterator, tf.constant(count))
            self._pace.took(count, time.perf_counter() - before)
            done += count
            on_steps(done, self._steps)
        return results(self.model)


@contextlib.contextmanager
def failures_of(*readers: Reader) -> Iterator[None]:
    """Inside, an image that cannot be read raises its own error instead of one of TensorFlow's."""
    try:
        yield
    except tf.errors.OpError as error:
        for reader in readers:
            if reader.failure:
                raise reader.failure from error
        raise


def results(model: keras.Model) -> dict[str, float]:
    """What the model's metrics stand at; a metric with one value for each class gives their mean."""
    return {name: float(np.mean(np.asarray(value))) for name, value in model.get_metrics_result().items()}


def outputs_of(model: keras.Model, batches: tf.data.Dataset) -> np.ndarray:
    """The model's outputs for every image, in order.

    Args:
        model: built.
        batches: of images and whatever else.

    Returns:
        `(images, units)`, float32.
    """
    return _outputs(model, batches, lambda images: None)[0]


def outputs_and_loss(
    model: keras.Model, batches: tf.data.Dataset, on_images: Callable[[int], None] = lambda images: None
) -> tuple[np.ndarray, float]:
    """The model's outputs for every image, in order, and its loss as a validation has it.

    Args:
        model: compiled.
        batches: of images and targets.
        on_images: is told how many images are done; what it raises ends it.

    Returns:
        `(images, units)`, float32; the mean over the images, with the penalties of weights and of what layers give.
    """
    return _outputs(model, batches, on_images, measured=True)


def _outputs(
    model: keras.Model, batches: tf.data.Dataset, on_images: Callable[[int], None], measured: bool = False
) -> tuple[np.ndarray, float]:
    kind = model.outputs[0]

    @tf.function(reduce_retracing=True, autograph=False)
    def run(iterator: Any, steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def body(step: tf.Tensor, rows: tf.TensorArray, losses: tf.Tensor) -> tuple[Any, ...]:
            images, *others = next(iterator)
            outputs = model(images, training=False)
            if measured:  # here, where Keras finds the logits beneath a softmax, and what layers add
                loss = model.compute_loss(images, others[0], outputs, training=False)
                losses += tf.cast(loss, tf.float64) * tf.cast(tf.shape(images)[0], tf.float64)
            return step + 1, rows.write(step, outputs), losses

        rows = tf.TensorArray(kind.dtype, size=steps, element_shape=[None, *kind.shape[1:]], infer_shape=False)
        begin = [tf.constant(0), rows, tf.constant(0.0, tf.float64)]
        _, rows, losses = tf.while_loop(lambda step, *_: step < steps, body, begin, parallel_iterations=1)
        return rows.concat(), losses

    iterator, steps, pace = iter(batches), int(batches.cardinality()), _Pace()
    outputs: list[np.ndarray] = []
    done = images = 0
    loss = 0.0
    while done < steps:
        count = pace.steps(steps - done)
        before = time.perf_counter()
        rows, losses = run(iterator, tf.constant(count))
        outputs.append(rows.numpy())
        loss += float(losses)
        pace.took(count, time.perf_counter() - before)
        done, images = done + count, images + len(outputs[-1])
        on_images(images)
    return np.concatenate(outputs), loss / images


def gradient_norm(model: keras.Model, batch: tuple[tf.Tensor, ...]) -> float:
    """The length of the gradient of a training batch, before any clipping."""
    images, targets, *weights = batch
    with tf.GradientTape() as tape:
        outputs = model(images, training=True)
        loss = model.compute_loss(images, targets, outputs, *weights, training=True)
    gradients = tape.gradient(loss, model.trainable_weights)
    return float(tf.linalg.global_norm([gradient for gradient in gradients if gradient is not None]))
