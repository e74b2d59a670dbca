"""A list of layers → a tf.keras model, preprocessing included."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncli.catalog import Entry
from cnncli.errors import Problem, SpecError
from cnncli.factory.objects import construct
from cnncli.factory.startup import start_tensorflow

if TYPE_CHECKING:
    import keras

SCALE_LAYER = "scale"


@dataclass(frozen=True)
class Preprocessing:
    """What the model does to pixels of 0…255 before its first layer.

    Args:
        scale: factor for each channel, or one for all.
        offset: added afterwards.
        samplewise: instead of both, give each image mean 0 and deviation 1.
    """

    scale: tuple[float, ...] = (1 / 255,)
    offset: tuple[float, ...] = (0.0,)
    samplewise: bool = False

    def layer(self) -> Any:
        """The Keras layer that does it."""
        import keras

        if self.samplewise:
            return keras.layers.LayerNormalization(
                axis=(1, 2, 3), epsilon=1e-6, center=False, scale=False, dtype="float32", name=SCALE_LAYER
            )
        one = len(self.scale) == 1
        scale, offset = (self.scale[0], self.offset[0]) if one else (list(self.scale), list(self.offset))
        return keras.layers.Rescaling(scale, offset=offset, name=SCALE_LAYER)


def snake(name: str) -> str:
    """`MaxPooling2D` → `max_pooling2d`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name).lower()


def layer_names(layers: Sequence[Entry]) -> list[str]:
    """The name of each layer in the model: its own, or its kind and number, such as `conv2d_2`.

    Keras numbers layers by process; these depend on the spec alone, so that weights find their layers again.
    """
    counts: Counter[str] = Counter()
    taken = {layer.get("name") for layer in layers}
    names = []
    for layer in layers:
        given = layer.get("name")
        while not given:
            counts[layer.name] += 1
            candidate = f"{snake(layer.name)}_{counts[layer.name]}"
            given = candidate if candidate not in taken else None
        names.append(given)
    return names


def build_model(
    layers: Sequence[Entry],
    input_shape: tuple[int, int, int],
    classes: int,
    preprocessing: Preprocessing,
    precision: str,
    seed: int,
    name: str,
) -> keras.Model:
    """Builds the model; the same seed gives the same weights.

    Args:
        layers: checked entries, from the image to the output.
        input_shape: `(height, width, channels)`.
        classes: what `units: classes` stands for.
        preprocessing: of pixels, inside the model.
        precision: a Keras dtype policy; the output is always float32.
        seed: of the initial weights and of dropout.
        name: of the model.

    Returns:
        A functional model from pixels 0…255 to the last layer's output.

    Raises:
        SpecError: Keras refuses a layer; the problem names it and the shapes around it.
    """
    start_tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input(input_shape, name="image")
    outputs = preprocessing.layer()(inputs)
    last_weighted = max((i for i, layer in enumerate(layers) if layer.get("use_bias") is not None), default=0)
    for index, (layer, layer_name) in enumerate(zip(layers, layer_names(layers), strict=True)):
        policy = precision if index < last_weighted else "float32"
        outputs = _apply(layer, index, outputs, {"classes": classes}, name=layer_name, dtype=policy)
    return keras.Model(inputs, outputs, name=snake(name).replace("-", "_").replace(".", "_"))


def _apply(layer: Entry, index: int, given: Any, words: dict[str, int], **more: Any) -> Any:
    shape = "×".join(map(str, given.shape[1:]))
    path = ("model", "layers", index, layer.name) if layer.arguments else ("model", "layers", index)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # said of a layer that is then refused
            output = construct(layer, words, **more)(given)
    except Exception as error:
        message = f"Keras cannot apply {layer.name} to {shape}: {_reason(error)}"
        raise SpecError([Problem(path, message, at_key=True)]) from error
    if any(not size or size < 1 for size in output.shape[1:]):
        shown = "×".join(map(str, output.shape[1:]))
        raise SpecError([Problem(path, f"{layer.name} makes {shown} out of {shape}: nothing is left", at_key=True)])
    return output


def _reason(error: Exception) -> str:
    """Keras' own reason in one sentence, without its heading, its bold type and the dump of arguments that follows."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).strip()
    text = re.sub(r"\AException encountered when calling \S+\s*", "", text)
    text = re.split(r"\n\s*\n|\nArguments received", text)[0]
    return " ".join(text.split()) or type(error).__name__
