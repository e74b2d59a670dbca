"""Where the steps of a training run: the one class that another set of devices has to replace."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from cnncli.startup import keras, tf

Step = Callable[..., Any]
"""Takes one batch, as arguments: images, targets and, where classes are weighted, a weight for each image."""


class OneDevice:
    """Runs the steps of a training on the device that TensorFlow chooses: the first graphics card, or the processor.

    It is chosen where a training is put together; the loops run a model only through it.
    """

    def scope(self) -> AbstractContextManager[object]:
        """Inside, variables are created where they are trained: a model is built and compiled inside."""
        return contextlib.nullcontext()

    def distribute(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Batches of which each device receives its share; one device receives all of every batch."""
        return batches

    def training_step(self, model: keras.Model, jit_compile: bool) -> Step:
        """Keras' own `train_step` on one batch, as one XLA program or not; called inside a graph."""

        @tf.function(jit_compile=jit_compile, autograph=False)
        def step(*batch: tf.Tensor) -> None:
            model.train_step(batch)

        return step

    def validation_step(self, model: keras.Model) -> Step:
        """Keras' own `test_step` on one batch; called inside a graph."""
        return lambda *batch: model.test_step(batch)
