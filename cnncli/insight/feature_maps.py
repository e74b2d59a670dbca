"""The feature maps and logits of a network, those inside backbones included.

Keras cannot make a model of tensors inside a nested one, and a flat model of all of them may have two layers of one
name. Here the calls that compute a network are written down once, and executed from wherever a value is known.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cnncli.catalog.layer_traits import DROPOUTS, MERGES, REARRANGING
from cnncli.insight.places import Place, place_after

if TYPE_CHECKING:
    import keras

FINE_ENOUGH = 7
"""Cells on a side that a feature map must have, if any has: those of the backbones at their own size."""

SQUASHING = {
    *("softmax", "log_softmax", "sparsemax", "tanh", "hard_tanh", "softsign"),
    *("sigmoid", "log_sigmoid", "hard_sigmoid", "sparse_sigmoid"),
}
"""Activations that make answers of logits: where they saturate, their gradient is 0."""

_PASSING = DROPOUTS | REARRANGING | {*MERGES, "GaussianNoise", "ActivityRegularization"}


@dataclass(frozen=True)
class FeatureMap:
    """A tensor `(images, rows, columns, channels)` whose cells belong to places in the image."""

    key: int
    cells: tuple[int, int]
    place: Place


@dataclass(frozen=True)
class _Call:
    """A call of a layer, or of an operation between layers."""

    layer: Any
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    output: Any

    @property
    def inputs(self) -> list[Any]:
        """The tensors that it takes."""
        from cnncli.startup import keras

        every = keras.tree.flatten([self.arguments, dict(self.options)])
        return [tensor for tensor in every if isinstance(tensor, keras.KerasTensor)]


class Network:
    """A functional model that can be entered and left at any tensor.

    Layers and weights are the model's own; only the activation that makes answers of the logits is left out.

    Args:
        model: Any model that `cnncli.factory.model.build_model` builds.
    """

    def __init__(self, model: keras.Model) -> None:
        self._same: dict[int, int] = {}  # a tensor at the border of a nested model → the one outside or inside
        self._kept: list[Any] = []  # tensors are told apart by their id, so none may go
        self._calls: list[_Call] = []
        image, logits = self._write_down(model)
        self._image, self._logits = self._key(image), self._key(logits)
        self._producer = {self._key(call.output): index for index, call in enumerate(self._calls)}
        self._leave_out_squashing()
        self._places = {self._image: Place.of_image()}
        for call in self._calls:
            above = [(self._places.get(self._key(tensor)), tensor.shape) for tensor in call.inputs]
            if place := place_after(call.layer, above, call.output.shape):
                self._places[self._key(call.output)] = place

    def last_feature_maps(self) -> list[FeatureMap]:
        """The feature maps from which the logits are computed without any further one.

        That is one, or one of each branch. They have at least 7 cells on each side if any has, else as many as there
        are; empty for a network whose kernels all see the whole image.
        """
        for least in range(FINE_ENOUGH, 1, -1):
            if maps := self._maps_of(least):
                return maps
        return []

    def features(self, images: Any, maps: Sequence[FeatureMap]) -> list[Any]:
        """The values of feature maps, float32, for pixels `(images, height, width, channels)` of 0…255."""
        from cnncli.startup import tf

        values = self._execute({self._image: tf.convert_to_tensor(images)}, [each.key for each in maps])
        return [tf.cast(values[each.key], "float32") for each in maps]

    def logits(self, images: Any) -> Any:
        """The logits `(images, units)`, float32, of pixels."""
        from cnncli.startup import tf

        return self._logits_from({self._image: tf.convert_to_tensor(images)})

    def logits_from(self, maps: Sequence[FeatureMap], features: Sequence[Any]) -> Any:
        """The logits, float32, of the values of the last feature maps."""
        return self._logits_from({each.key: value for each, value in zip(maps, features, strict=True)})

    def _logits_from(self, known: dict[int, Any]) -> Any:
        from cnncli.startup import tf

        return tf.cast(self._execute(known, [self._logits])[self._logits], "float32")

    def _write_down(self, model: keras.Model) -> tuple[Any, Any]:
        """Appends the calls of a model; returns its input and its output."""
        from cnncli.startup import keras

        bare = keras.Model(model.inputs, model.outputs)  # of a compiled model Keras would compile the copy, too
        copy = keras.models.clone_model(bare, clone_function=lambda layer: layer, call_function=self._call)
        self._kept.append(copy)
        return copy.inputs[0], copy.outputs[0]

    def _call(self, layer: Any, *arguments: Any, **options: Any) -> Any:
        """Calls a layer as Keras would, and writes the call down; of a model, the calls inside."""
        from cnncli.startup import keras

        if isinstance(layer, keras.Sequential):
            for inner in layer.layers:
                arguments = (self._call(inner, *arguments),)
            return arguments[0]
        output = layer(*arguments, **options)
        self._kept.append(output)
        if isinstance(layer, keras.Model):
            image, result = self._write_down(layer)
            self._same |= {id(image): id(arguments[0]), id(output): id(result)}
        else:
            self._calls.append(_Call(layer, arguments, options, output))
        return output

    def _key(self, tensor: Any) -> int:
        key = id(tensor)
        while key in self._same:
            key = self._same[key]
        return key

    def _leave_out_squashing(self) -> None:
        """Replaces the layers from which answers come by ones that give their logits."""
        behind, seen = [self._logits], set()
        while behind:
            index = self._producer.get(behind.pop())
            if index is None or index in seen:
                continue
            seen.add(index)
            call = self._calls[index]
            plain = without_squashing(call.layer, call.inputs[0].shape)
            if plain is not None:
                self._calls[index] = replace(call, layer=plain, options={})  # a softmax may have a mask
            elif type(call.layer).__name__ in _PASSING:
                behind += map(self._key, call.inputs)

    def _maps_of(self, least: int) -> list[FeatureMap]:
        """As `last_feature_maps`, with at least so many cells on each side."""
        from cnncli.startup import keras

        maps, seen, behind = [], set(), [self._logits]
        while behind:
            key = behind.pop()
            if key in seen or key == self._image:
                continue
            seen.add(key)
            call, place = self._calls[self._producer[key]], self._places.get(key)
            cells = tuple(call.output.shape[1:3])
            has_border = isinstance(call.layer, keras.layers.ZeroPadding2D)  # cells that see nothing
            if place is None or min(cells) < least or has_border:
                behind += map(self._key, call.inputs)
            elif place.is_learned:
                maps.append(FeatureMap(key, cells, place))
        return maps

    def _execute(self, known: dict[int, Any], wanted: Sequence[int]) -> dict[int, Any]:
        """The values of the wanted tensors, computed from known ones."""
        from cnncli.startup import keras

        calls, values = self._needed(known, wanted), dict(known)
        left = Counter(self._key(tensor) for call in calls for tensor in call.inputs)
        left.update(wanted)
        for call in calls:

            def value(item: Any) -> Any:
                return values[self._key(item)] if isinstance(item, keras.KerasTensor) else item

            options = keras.tree.map_structure(value, dict(call.options))
            if isinstance(call.layer, keras.layers.Layer) and _has_training(type(call.layer)):
                options["training"] = False
            arguments = keras.tree.map_structure(value, call.arguments)
            values[self._key(call.output)] = call.layer(*arguments, **options)
            for key in map(self._key, call.inputs):  # what nobody needs any more
                left[key] -= 1
                if not left[key]:
                    del values[key]
        return values

    def _needed(self, known: Iterable[int], wanted: Sequence[int]) -> list[_Call]:
        """The calls that compute the wanted tensors from known ones, in order."""
        needed, behind = set(), [key for key in wanted if key not in known]
        while behind:
            index = self._producer[behind.pop()]
            if index not in needed:
                needed.add(index)
                behind += [key for key in map(self._key, self._calls[index].inputs) if key not in known]
        return [self._calls[index] for index in sorted(needed)]


def _has_training(layer: type) -> bool:
    return "training" in inspect.signature(layer.call).parameters  # type: ignore[attr-defined]


def without_squashing(layer: Any, shape: Any) -> Any:
    """The same layer with the same weights before its activation; None where it has none that squashes."""
    from cnncli.startup import keras

    if isinstance(layer, keras.layers.Softmax):
        return keras.layers.Identity()
    config = layer.get_config() if isinstance(layer, keras.layers.Layer) else {}
    inner = config["layer"]["config"] if isinstance(layer, keras.layers.Wrapper) else config
    if inner.get("activation") not in SQUASHING:
        return None
    inner["activation"] = "linear"
    plain = type(layer).from_config(config)
    plain.build(shape)
    plain.set_weights(layer.get_weights())
    return plain
