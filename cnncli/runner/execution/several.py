"""Steps that several devices share, each equal to the step of one device with the whole batch.

TensorFlow's `MirroredStrategy` keeps a copy of the model on every device, computes the gradient of each device's share
of the batch, and adds them up. Everything else is Keras' own, as on one device: every device has an optimizer, which
takes the sum to its copy. So gradients are clipped, accumulated and tested for overflow after they are added up, where
Keras' optimizers under a strategy would clip the gradient of each share, or raise. Loss and metrics are computed of the
outputs for the whole batch, so that no state of theirs is spread over devices, and a checkpoint has nothing of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from cnncli.data.share import Share
from cnncli.errors import Problem, SpecError
from cnncli.factory.computation.halves import LOGITS
from cnncli.factory.freezing import every_layer
from cnncli.factory.metrics import add_batch
from cnncli.factory.twins import copy_of, twin
from cnncli.startup import keras, tf
from cnncli.workers.group import Alone

if TYPE_CHECKING:
    from cnncli.runner.execution.execution import Step

_SEED_STEP = 0x9E3779B1
"""Times the number of a device this is added to the seeds of its random layers (2^32 divided by the golden ratio)."""

_SEEDS = 2**31 - 1
"""Seeds are taken modulo this by Keras' random operations."""

_GROUPS = itertools.count()
"""Numbers of the strategies of this process."""


class SeveralDevices:
    """Runs the steps of a training on several devices of one machine.

    Args:
        devices: Names such as `GPU:0`, two or more.
        synchronized: Whether BatchNormalization computes its statistics over the images of all devices.

    Attributes:
        devices: The names.
        group: The processes of the training: this one.
        share: The rows of a batch whose images this process makes; None for all.
    """

    share: Share | None = None

    def __init__(self, devices: Sequence[str], synchronized: bool) -> None:
        self.devices = tuple(devices)
        self.group = Alone()
        self._synchronized = synchronized
        self._strategy: Any = _strategy(devices)
        self._local, self._first = self.devices, 0  # the devices of this process, and the number of the first
        self._twins: list[Any] = []

    def scope(self) -> AbstractContextManager[object]:
        """Inside, every variable has a copy on each device."""
        scope: AbstractContextManager[object] = self._strategy.scope()
        return scope

    def compile_scope(self) -> AbstractContextManager[object]:
        """Inside, variables are on the first device alone."""
        device: AbstractContextManager[object] = tf.device(self._local[0])
        return device

    def prepare(self, model: keras.Model, batch_size: int, evaluation_batch_size: int) -> None:
        """Synchronises BatchNormalization, also inside backbones."""
        for layer in every_layer(model):
            if self._synchronized and isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True

    def trained_variables(self, model: keras.Model) -> list[keras.Variable]:
        """The copies on the first device."""
        return self._copies(model, 0)

    def distribute(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Every device receives the whole batch, and takes its share in the step."""
        return batches

    def training_step(self, model: keras.Model, jit_compile: bool) -> Step:
        """One step of all devices; without XLA, which `check` refuses here."""
        del jit_compile
        copies = [self._copies(model, number) for number in range(len(self._local))]
        self._twins = []
        for device, own in zip(self._local[1:], copies[1:], strict=True):
            with tf.device(device):
                self._twins.append(twin(model.optimizer, own))
        optimizers = [model.optimizer, *self._twins]
        changing = _changing(model)

        def share(*batch: tf.Tensor) -> tuple[Any, ...]:
            """The loss and the outputs of a device's share, as `_added` gives them; and the whole gradient."""
            context = tf.distribute.get_replica_context()
            rows, total = self._rows(context, batch[1])
            images, targets, *weights = self._sliced(batch, rows, total)
            with tf.GradientTape() as tape:
                outputs = model(images, training=True)
                mean = model.loss(targets, outputs, *weights) * len(self.devices)  # Keras divides by it
                part = tf.cast(rows[1] - rows[0], tf.float32) / tf.cast(total, tf.float32)
                loss = part * mean + _penalties(model) / len(self.devices)
                scaled = model.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, model.trainable_variables)
            known = [gradient for gradient in gradients if gradient is not None]
            held = [tf.identity(variable.value) for variable in changing]
            added, answers = self._added(context, [*known, *held], loss, outputs, rows, total)
            summed = iter(added)
            whole = [None if gradient is None else next(summed) for gradient in gradients]
            for variable, of_all in zip(changing, summed, strict=True):
                variable.value.assign(of_all / len(self.devices))
            return answers, whole

        def step(*batch: tf.Tensor) -> None:
            answers, gradients = self._strategy.run(share, args=batch)
            of_devices = zip(*(self._of_each(gradient) for gradient in gradients), strict=True)
            for device, optimizer, own, gradient in zip(self._local, optimizers, copies, of_devices, strict=True):
                with tf.device(device):
                    optimizer.apply_gradients(zip(gradient, own, strict=True))
            images, targets, *weights = batch
            loss, outputs = self._whole(*answers)
            add_batch(model, loss, images, targets, *weights, outputs=outputs)

        return step

    def validation_step(self, model: keras.Model) -> Step:
        """Loss and metrics of the outputs of all devices; a batch may have fewer images than there are devices."""

        def share(images: tf.Tensor, targets: tf.Tensor) -> tuple[Any, ...]:
            context = tf.distribute.get_replica_context()
            rows, total = self._rows(context, targets)
            (taken,) = self._sliced([images], (rows[0], tf.maximum(rows[1], rows[0] + 1)), total)
            outputs, count = model(taken, training=False), rows[1] - rows[0]
            own = outputs[:count]
            if (logits := getattr(outputs, LOGITS, None)) is not None:
                setattr(own, LOGITS, logits[:count])
            return self._added(context, [], tf.constant(0.0), own, rows, total)[1]

        def step(images: tf.Tensor, targets: tf.Tensor) -> None:
            _, outputs = self._whole(*self._strategy.run(share, args=(images, targets)))
            loss = model.compute_loss(images, targets, outputs, training=False)
            add_batch(model, loss, images, targets, outputs=outputs)

        return step

    def require_same(self, model: keras.Model) -> None:
        """One process has one set of weights."""

    def align(self, model: keras.Model) -> None:
        """Gives every optimizer the state of the first, and every device's random layers seeds of their own."""
        for other in self._twins:
            for variable, first in zip(other.variables, model.optimizer.variables, strict=True):
                variable.assign(first)
        states = _random_states(model)
        seeds = self.group.agreed([number for variable in states for number in variable.numpy().tolist()])
        for variable, seed, drawn in zip(states, seeds[::2], seeds[1::2], strict=True):
            for number, state in enumerate(self._of_each(variable.value), start=self._first):
                state.assign([(seed + number * _SEED_STEP) % _SEEDS if number else seed, drawn])

    def _copies(self, model: keras.Model, number: int) -> list[keras.Variable]:
        """What a model trains, as the variables on one device."""
        return [copy_of(variable, self._of_each(variable.value)[number]) for variable in model.trainable_variables]

    def _of_each(self, value: Any) -> tuple[Any, ...]:
        """The values on all devices, in order; None has none anywhere."""
        if value is None:
            return (None,) * len(self._local)
        values: tuple[Any, ...] = self._strategy.experimental_local_results(value)
        return values

    def _added(
        self,
        context: Any,
        own: list[tf.Tensor],
        loss: tf.Tensor,
        outputs: tf.Tensor,
        rows: tuple[tf.Tensor, tf.Tensor],
        total: tf.Tensor,
    ) -> tuple[Sequence[tf.Tensor], tuple[Any, ...]]:
        """The sums of own values over all devices; and loss, outputs and logits of a device as `_whole` takes them.

        A validation has no own values. The outputs are those of some rows of a batch with a total number of images.
        """
        del rows, total
        added = context.all_reduce("SUM", own) if own else []
        return added, (loss, outputs, getattr(outputs, LOGITS, None))

    def _whole(self, loss: Any, outputs: Any, logits: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Loss and outputs of all devices, in the order of the images, with the logits beneath, if any."""
        whole = tf.concat(self._of_each(outputs), axis=0)  # (batch, units)
        if logits is not None:
            setattr(whole, LOGITS, tf.concat(self._of_each(logits), axis=0))
        return tf.reduce_sum(tf.stack(self._of_each(loss))), whole  # TensorFlow would add up the terms of `add_n` anew

    def _rows(self, context: Any, targets: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], tf.Tensor]:
        """The first row of a device's share and the one after its last; and the number of images in the batch.

        Shares differ by at most one image, and depend on nothing but the size of the batch.
        """
        total, number, devices = tf.shape(targets)[0], context.replica_id_in_sync_group, len(self.devices)
        return (number * total // devices, (number + 1) * total // devices), total

    def _sliced(
        self, batch: Sequence[tf.Tensor], rows: tuple[tf.Tensor, tf.Tensor], total: tf.Tensor
    ) -> list[tf.Tensor]:
        """Some rows of a batch, of which this process has the images of its share."""
        images, *others = batch
        before = 0 if self.share is None else self.share(total)[0]
        with tf.device("CPU:0"):  # where batches are made: a graphics card receives its share alone
            return [images[rows[0] - before : rows[1] - before], *(tensor[rows[0] : rows[1]] for tensor in others)]


def _strategy(devices: Sequence[str]) -> tf.distribute.Strategy:
    """A strategy that shares nothing with others of this process, which may have trained before.

    Graphics cards add up by collective operations. These find each other by keys that every strategy of TensorFlow 2.21
    counts from 1, so a second strategy would meet the operations of the first.
    """
    if devices[0].startswith("CPU"):
        return tf.distribute.MirroredStrategy(list(devices), tf.distribute.ReductionToOneDevice())
    kind = type("MirroredStrategy", (tf.distribute.MirroredStrategy,), {"_collective_key_base": next(_GROUPS)})
    return kind(list(devices))


def _penalties(model: keras.Model) -> tf.Tensor:
    """The penalties on weights, which every device computes in full.

    Raises:
        SpecError: A layer of a package adds a loss of its own, of which nobody knows how it is shared.
    """
    penalties = [v.regularizer(v) for v in model.trainable_variables if v.regularizer is not None]
    if len(model.losses) > len(penalties):
        message = "a layer adds a loss of its own, which is computed on one device; leave out 'train.devices'"
        raise SpecError([Problem(("model", "layers"), message)])
    return tf.add_n(penalties) if penalties else tf.constant(0.0)


def _changing(model: keras.Model) -> list[keras.Variable]:
    """What layers change by themselves in each device, such as moving averages; not their random state.

    A synchronised BatchNormalization changes everywhere alike.
    """
    return [
        variable
        for layer in every_layer(model)
        if layer.trainable and not getattr(layer, "synchronized", False)
        for variable in layer.non_trainable_variables
        if variable.dtype.startswith("float")
    ]


def draws_in_steps(model: keras.Model) -> bool:
    """Whether layers draw random numbers in each step, which depend on the number of devices."""
    return bool(_random_states(model))


def _random_states(model: keras.Model) -> list[keras.Variable]:
    """The seeds of the random layers of a model, and how often each has drawn: `(2,)`."""
    return [variable for variable in model.non_trainable_variables if variable.path.endswith("seed_generator_state")]
