"""The loops over batches: many steps in one call of TensorFlow, so that Python costs nothing beside the training.

Keras' `fit` fixes the steps of one execution before it begins and runs over the end of an epoch that they do not
divide. Here the number is an argument: it follows the speed of the machine, and never crosses the end of an epoch. The
numbers are the same to the last bit whatever it is. The step itself is Keras' own `train_step`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from cnncli.data.pipeline import Reader

if TYPE_CHECKING:
    import keras

SECONDS_PER_CALL = 0.25
"""How long one call into TensorFlow is meant to take: progress is shown, and Ctrl-C heard, four times a second."""

OnSteps = Callable[[int, int], None]
"""Is told the steps done in this epoch and their number."""


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
        self._steps_per_call = 1

        @tf.function(jit_compile=jit_compile)
        def step_on(*batch: tf.Tensor) -> None:
            model.train_step(batch)

        @tf.function(reduce_retracing=True)
        def run(iterator: Any, steps: tf.Tensor) -> None:
            def body(step: tf.Tensor) -> tuple[tf.Tensor]:
                step_on(*next(iterator))
                return (step + 1,)

            tf.while_loop(lambda step: step < steps, body, [tf.constant(0)], parallel_iterations=1)

        self._run = run

    def epoch(self, steps: int, on_steps: OnSteps) -> dict[str, float]:
        """Runs one epoch.

        Args:
            steps: of this epoch.
            on_steps: is told how far it is, a few times a second.

        Returns:
            The metrics over the epoch, as Python floats; over part of it when the loss became infinite or no number.
        """
        self.model.reset_metrics()
        done = 0
        while done < steps:
            count = min(self._steps_per_call, steps - done)
            before = time.perf_counter()
            self._run(self._iterator, tf.constant(count))
            self._adapt(count, time.perf_counter() - before)
            done += count
            on_steps(done, steps)
            if not isfinite(results(self.model)["loss"]):
                break  # it stays so until the end of the epoch, however long that is
        return results(self.model)

    def _adapt(self, count: int, seconds: float) -> None:
        """Follows the machine; never more than doubles, because the first call also traces the graph."""
        wanted = int(count * SECONDS_PER_CALL / max(seconds, 1e-6))
        self._steps_per_call = max(1, min(wanted, 2 * self._steps_per_call, 1024))


class ValidationLoop:
    """Measures a compiled model on the same batches again and again."""

    def __init__(self, model: keras.Model, batches: tf.data.Dataset) -> None:
        self.model = model
        self._batches = batches

        @tf.function(reduce_retracing=True)
        def run(dataset: Any) -> None:
            for batch in dataset:
                model.test_step(batch)

        self._run = run

    def measure(self) -> dict[str, float]:
        """The metrics over all batches, as Python floats."""
        self.model.reset_metrics()
        self._run(self._batches)
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
    """The model's outputs for every image, in order: `(images, units)`, float32."""

    @tf.function(reduce_retracing=True)
    def forward(images: tf.Tensor) -> tf.Tensor:
        return model(images, training=False)

    return np.concatenate([forward(images).numpy() for images, _ in batches])  # (images, units)
