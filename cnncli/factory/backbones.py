"""The networks of `keras.applications` as layers of a model, each with its own preprocessing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import Entry
from cnncli.spec.backbones import COLORS

if TYPE_CHECKING:
    import keras

_MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet in red, green, blue; pixels of 0…1
_MEAN_BLUE_FIRST = (103.939, 116.779, 123.68)  # of pixels of 0…255
_PIXELS: Mapping[str, tuple[float | list[float], float | list[float]]] = {
    # factor and offset for pixels of 0…255
    "tf": (1 / 127.5, -1.0),
    "torch": (
        [1 / (255 * deviation) for deviation in DEVIATION],
        [-mean / deviation for mean, deviation in zip(_MEAN, DEVIATION, strict=True)],
    ),
    "caffe": (1.0, [-mean for mean in _MEAN_BLUE_FIRST]),
}


def pixels_for(entry: Entry, image: Any, name: str) -> Any:
    """The preprocessed image for a backbone, from pixels 0…255: its module's `preprocess_input` as layers of the model.

    Shape:
        (batch, height, width, 1 or 3) → (batch, height, width, 3)
    """
    from cnncli.startup import keras

    pixels = BACKBONES[entry.name].pixels
    if image.shape[-1] != COLORS:
        image = keras.layers.Concatenate(name=f"{name}.rgb")([image] * COLORS)  # (batch, height, width, 3)
    if pixels == "caffe":
        from cnncli.factory.layers import ReverseChannels

        image = ReverseChannels(name=f"{name}.bgr")(image)  # (batch, height, width, 3)
    if pixels:
        scale, offset = _PIXELS[pixels]
        image = keras.layers.Rescaling(scale, offset=offset, name=f"{name}.pixels")(image)
    return image


def build_backbone(entry: Entry, input_shape: tuple[int, ...], name: str, dtype: str) -> keras.Model:
    """A backbone without its head and with initial weights, whatever weights the entry names.

    Raises:
        ValueError: Keras rejects the arguments.
    """
    from cnncli.factory.layers import computed_here
    from cnncli.startup import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)  # the functions of `keras.applications` take none
    try:
        model = computed_here(network(entry, input_shape))
    finally:
        keras.config.set_dtype_policy(before)
    take_statistics(model)
    model.name = name  # only now: the way that Keras builds some networks depends on the name
    model.trainable = entry.get("trainable")
    return model


def network(entry: Entry, input_shape: tuple[int, ...], weights: str | None = None) -> keras.Model:
    """The network that `keras.applications` builds from the arguments of an entry."""
    from cnncli.startup import keras

    own = {key: value for key, value in entry.arguments.items() if key not in ("weights", "trainable")}
    function = getattr(keras.applications, entry.name)
    return function(include_top=False, weights=weights, input_shape=input_shape, **own)


def take_statistics(model: keras.Model) -> None:
    """Makes Normalization layers in backbones compute with their assigned mean and variance, not with old copies."""
    from cnncli.startup import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            take_statistics(layer)
        elif isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
