"""Where a network divides into frozen layers, whose output is the same in every epoch, and the layers after them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from cnncli.catalog.layer_traits import traits_of
from cnncli.insight.calls import Call, Calls
from cnncli.startup import keras, tf

_CHANGING = frozenset({"dropout", "noise", "wrapper"})
"""Groups of layers that give something else in every training step, frozen or not; wrappers count steps."""


class FrozenPart:
    """The frozen layers that a network begins with, and the layers after them as a model of its own.

    The network divides at one tensor that all paths from the image to the output pass through, also inside a backbone.

    Args:
        model: The whole network, with its layers frozen.
        calls: The calls of the network.
        frozen: How many of them are the frozen part.

    Attributes:
        last: Name of the last frozen layer.
        shape: Shape of its output for one image.
        macs: Multiply-adds that it and those before it make of one image.
        head: The layers after it; the variables are those of the whole model, in its order.
    """

    def __init__(self, model: keras.Model, calls: Calls, frozen: Sequence[Call]) -> None:
        output = frozen[-1].output
        self._calls, self._frozen = calls, frozen
        self.last, self.shape = str(frozen[-1].layer.name), tuple(output.shape[1:])
        self.macs = sum(map(_macs, frozen))
        self.head = _Head(model, calls, frozen[-1].gives, output.dtype)

    def outputs(self, images: tf.Tensor) -> tf.Tensor:
        """What the frozen layers give, float32 `(batch, *shape)`, for pixels `(batch, height, width, channels)`."""
        key = self._frozen[-1].gives
        return tf.cast(self._calls.execute({self._calls.image: tf.cast(images, tf.float32)}, [key])[key], tf.float32)

    def fingerprint(self) -> str:
        """A hash of these layers: how they are connected, their arguments, and their weights."""
        place = {self._calls.image: 0} | {call.gives: number for number, call in enumerate(self._frozen, start=1)}
        hashed = hashlib.blake2b(digest_size=20)
        for call in self._frozen:
            config = {key: value for key, value in call.layer.get_config().items() if key != "name"}
            constants = [item for item in keras.tree.flatten(call.arguments) if not isinstance(item, keras.KerasTensor)]
            described = [type(call.layer).__name__, config, [place[key] for key in call.takes], constants]
            hashed.update(json.dumps(described, sort_keys=True, default=repr).encode())
            for weight in getattr(call.layer, "weights", ()):
                hashed.update(weight.numpy().tobytes())
        return hashed.hexdigest()


class _Head(keras.Model):
    """The layers of a network after one of its tensors."""

    def __init__(self, model: keras.Model, calls: Calls, start: int, dtype: str) -> None:
        super().__init__(name=model.name)
        self.whole = model  # its layers are the layers of this model
        self._outputs = lambda features, training: calls.execute(
            {start: tf.cast(features, dtype)}, [calls.result], training
        )[calls.result]

    def call(self, features: Any, training: bool = False) -> Any:
        """The output of the network, from that of its frozen part."""
        return self._outputs(features, training)


def frozen_part(model: keras.Model) -> FrozenPart | None:
    """The largest frozen part of a model; None where it does not begin with frozen layers that have weights."""
    calls = Calls(model)
    every = list(calls)
    uses = Counter(key for call in every for key in call.takes)
    uses[calls.result] += 1
    unused, before, end = {calls.image}, 0, 0  # tensors that later calls take
    for number, call in enumerate(every, start=1):
        if not gives_the_same(call.layer):
            break
        for key in call.takes:
            uses[key] -= 1
        unused = {key for key in {*unused, call.gives} if uses[key]}
        before += bool(getattr(call.layer, "weights", ()))
        if before and unused == {call.gives}:
            end = number
    return FrozenPart(model, calls, every[:end]) if end else None


def first_that_changes(model: keras.Model) -> Any:
    """The first layer of a model whose output for an image changes from step to step."""
    return next(call.layer for call in Calls(model) if not gives_the_same(call.layer))


def gives_the_same(layer: Any) -> bool:
    """Whether a layer gives the same output for the same input in every step of a training.

    Layers of packages may do anything in a training, so they count as layers that do not.
    """
    if not isinstance(layer, keras.layers.Layer):
        return True  # an operation between layers
    kind = type(layer).__name__
    traits = traits_of(kind)
    if traits is None or layer.trainable_weights or getattr(layer, "activity_regularizer", None) is not None:
        return False
    if kind == "BatchNormalization":
        return not layer.trainable  # else it computes with the statistics of the batch
    if kind in ("ActivityRegularization", "StochasticDepth"):
        return False
    return traits.group not in _CHANGING or (bool(traits.strength) and not getattr(layer, traits.strength))


def _macs(call: Call) -> int:
    """Multiply-adds of a call for one image: each number of a kernel is used once at each place of the output."""
    places = prod(call.output.shape[1:-1])
    return sum(prod(weight.shape) * places for weight in _kernels(call.layer))


def _kernels(layer: Any) -> Iterator[Any]:
    return (weight for weight in getattr(layer, "weights", ()) if len(weight.shape) > 1)
