"""Where the steps of a training run: on one device here, on several in `several.py` and `machines.py`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from cnncli.data.share import Share
from cnncli.factory.computation.choices import COLUMNS, CONVOLUTIONS, is_taken
from cnncli.factory.computation.columns import pair_columns
from cnncli.factory.computation.halves import in_halves, takes_halves
from cnncli.factory.computation.tiles import multiply_in_tiles
from cnncli.factory.metrics import add_batch
from cnncli.startup import keras, tf
from cnncli.workers.group import Alone

Step = Callable[..., Any]
"""Takes one batch, as arguments: images, targets and, where classes are weighted, a weight for each image."""


class Execution(Protocol):
    """Runs the steps of a training on some devices.

    It is chosen where a training is put together; the loops run a model only through it.

    Attributes:
        devices: Names of the devices that share each step; empty where it is the one that TensorFlow chooses.
        share: The rows of a batch whose images the steps take; None for all.
    """

    devices: tuple[str, ...]
    share: Share | None

    @property
    def group(self) -> Alone:
        """The processes of the training."""

    def scope(self) -> AbstractContextManager[object]:
        """Inside, variables are created where they are trained: a model is built inside."""

    def compile_scope(self) -> AbstractContextManager[object]:
        """The same for what is one of a kind, optimizer and metrics: a model is compiled inside."""

    def prepare(self, model: keras.Model, batch_size: int, evaluation_batch_size: int) -> None:
        """Sets what the devices demand of the layers of a model that was just built, for batches of these sizes."""

    def trained_variables(self, model: keras.Model) -> Sequence[keras.Variable] | None:
        """The variables that a model's optimizer changes; None for the model's own."""

    def distribute(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Batches as they reach the steps."""

    def training_step(self, model: keras.Model, jit_compile: bool) -> Step:
        """Trains a compiled model on one batch, as one XLA program or not; called inside a graph."""

    def validation_step(self, model: keras.Model) -> Step:
        """Adds one batch to the loss and the metrics of a compiled model; called inside a graph."""

    def require_same(self, model: keras.Model) -> None:
        """Compares the weights of all processes; a ResourceError if they differ."""

    def align(self, model: keras.Model) -> None:
        """Gives every device what the first one has, after changes between steps; called before an epoch begins."""


class OneDevice:
    """Runs Keras' own steps, or the same in halves, on one device: the one that TensorFlow chooses, or a named one."""

    share: Share | None = None

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self.devices: tuple[str, ...] = () if device is None else (device,)
        self.group = Alone()

    def scope(self) -> AbstractContextManager[object]:
        """Inside, everything is placed on the device."""
        return contextlib.nullcontext() if self._device is None else tf.device(self._device)

    def compile_scope(self) -> AbstractContextManager[object]:
        """The same."""
        return self.scope()

    def prepare(self, model: keras.Model, batch_size: int, evaluation_batch_size: int) -> None:
        """One device takes every model as it is, but for convolutions with few filters or many channels."""
        if is_taken(COLUMNS):
            pair_columns(model)
        if is_taken(CONVOLUTIONS):
            multiply_in_tiles(model, (batch_size + 1) // 2 if takes_halves(model) else batch_size)

    def trained_variables(self, model: keras.Model) -> None:
        """The optimizer changes the model's own variables."""

    def distribute(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """One device receives all of every batch."""
        return batches

    def training_step(self, model: keras.Model, jit_compile: bool) -> Step:
        """Keras' own `train_step`, or what it does with the outputs of both halves of a batch."""
        halved = not jit_compile and takes_halves(model)

        @tf.function(jit_compile=jit_compile, autograph=False)
        def step(*batch: tf.Tensor) -> None:
            with self.scope():
                if halved:
                    _train_in_halves(model, *batch)
                else:
                    model.train_step(batch)

        return step

    def validation_step(self, model: keras.Model) -> Step:
        """Keras' own `test_step`, or what it does with the outputs of both halves of a batch."""
        halved = takes_halves(model)

        def step(*batch: tf.Tensor) -> None:
            with self.scope():
                if halved:
                    images, targets = batch
                    outputs = in_halves(model, images, training=False)
                    loss = model.compute_loss(images, targets, outputs, training=False)
                    add_batch(model, loss, *batch, outputs=outputs)
                else:
                    model.test_step(batch)

        return step

    def require_same(self, model: keras.Model) -> None:
        """One process has one set of weights."""

    def align(self, model: keras.Model) -> None:
        """One device has nothing to be aligned with."""


def _train_in_halves(model: keras.Model, images: tf.Tensor, targets: tf.Tensor, *weights: tf.Tensor) -> None:
    with tf.GradientTape() as tape:
        outputs = in_halves(model, images, training=True)
        loss = model.compute_loss(images, targets, outputs, *weights, training=True)
        scaled = model.optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, model.trainable_weights)
    model.optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
    add_batch(model, loss, images, targets, *weights, outputs=outputs)
