"""The feature maps and logits of a network, those inside backbones included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cnncli.catalog.layer_traits import DROPOUTS, MERGES, REARRANGING
from cnncli.insight.calls import Calls
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


class Network:
    """A functional model that can be entered and left at any tensor.

    Layers and weights are the model's own; only the activation that makes answers of the logits is left out.

    Args:
        model: Any model that `cnncli.factory.model.build_model` builds.
    """

    def __init__(self, model: keras.Model) -> None:
        self._calls = Calls(model)
        self._image, self._logits = self._calls.image, self._calls.result
        self._leave_out_squashing()
        self._places = {self._image: Place.of_image()}
        for call in self._calls:
            above = [(self._places.get(key), tensor.shape) for key, tensor in zip(call.takes, call.inputs, strict=True)]
            if place := place_after(call.layer, above, call.output.shape):
                self._places[call.gives] = place

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

        values = self._calls.execute({self._image: tf.convert_to_tensor(images)}, [each.key for each in maps])
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

        return tf.cast(self._calls.execute(known, [self._logits])[self._logits], "float32")

    def _leave_out_squashing(self) -> None:
        """Replaces the layers from which answers come by ones that give their logits."""
        behind, seen = [self._logits], set()
        while behind:
            call = self._calls.that_gives(behind.pop())
            if call is None or call.gives in seen:
                continue
            seen.add(call.gives)
            plain = without_squashing(call.layer, call.inputs[0].shape)
            if plain is not None:
                self._calls.put(replace(call, layer=plain, options={}))  # a softmax may have a mask
            elif type(call.layer).__name__ in _PASSING:
                behind += call.takes

    def _maps_of(self, least: int) -> list[FeatureMap]:
        """As `last_feature_maps`, with at least so many cells on each side."""
        from cnncli.startup import keras

        maps, seen, behind = [], set(), [self._logits]
        while behind:
            key = behind.pop()
            call, place = self._calls.that_gives(key), self._places.get(key)
            if call is None or key in seen:
                continue
            seen.add(key)
            cells = tuple(call.output.shape[1:3])
            has_border = isinstance(call.layer, keras.layers.ZeroPadding2D)  # cells that see nothing
            if place is None or min(cells) < least or has_border:
                behind += call.takes
            elif place.is_learned:
                maps.append(FeatureMap(key, cells, place))
        return maps


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
