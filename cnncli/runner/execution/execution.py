"""Where the steps of a training run: what a training asks of its devices, and the answer of one device."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from cnncli.startup import tf

if TYPE_CHECKING:
    import keras

Step = Callable[..., Any]
"""Takes one batch, as arguments: images, targets and, where classes are weighted, a weight for each image."""


class Execution(Protocol):
    """Runs the steps of a training: on one device, on several, or on several machines.

    It is chosen where a training is put together; the loops run a model only through it.
    """

    def scope(self) -> AbstractContextManager[object]:
        """Inside, variables are created where they are trained: a model is built and compiled inside."""

    def distribute(self, batches: tf.data.Dataset) -> Any:
        """Batches of which each device receives its share; iterated as the dataset itself would be."""

    def training_step(self, model: keras.Model, jit_compile: bool) -> Step:
        """A function that trains a compiled model on one batch, as one XLA program or not; called inside a graph."""

    def validation_step(self, model: keras.Model) -> Step:
        """A function that updates a compiled model's metrics with one batch; called inside a graph."""


class OneDevice:
    """The device that TensorFlow chooses: the first graphics card, or the processor. Nothing is distributed."""

    def scope(self) -> AbstractContextManager[object]:
        """Changes nothing."""
        return contextlib.nullcontext()

    def distribute(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """All of every batch."""
        return batches

    def training_step(self, model: keras.Model, jit_compile: bool) -> Step:
        """Keras' own `train_step`, as a graph."""

        @tf.function(jit_compile=jit_compile, autograph=False)
        def step(*batch: tf.Tensor) -> None:
            model.train_step(batch)

        return step

    def validation_step(self, model: keras.Model) -> Step:
        """Keras' own `test_step`."""
        return lambda *batch: model.test_step(batch)
