"""The network of a spec → a tf.keras model, preprocessing included."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncli.catalog.layer_traits import MERGES
from cnncli.errors import Problem, SpecError
from cnncli.factory.backbones import build_backbone, pixels_for
from cnncli.factory.objects import KERAS, construct, provider, require_one_result
from cnncli.spec.backbones import is_backbone, reads_image, scales_image, shape_error
from cnncli.spec.graph import IMAGE, Node, snake
from cnncli.wording import dimensions

if TYPE_CHECKING:
    import keras

SCALE_LAYER = "scale"

_alone = threading.Lock()
"""Held while a model gets its weights, which are drawn from random states that all threads share."""


@dataclass(frozen=True)
class Preprocessing:
    """Preprocessing of the pixels 0…255 before the first layer, as a part of the model."""

    scale: tuple[float, ...] = (1 / 255,)  # factor for each channel, or one for all
    offset: tuple[float, ...] = (0.0,)  # added afterwards
    samplewise: bool = False  # whether, instead of both, each image gets mean 0 and deviation 1

    def layer(self) -> Any:
        """The Keras layer that does it."""
        from cnncli.startup import keras

        if self.samplewise:
            return keras.layers.LayerNormalization(
                axis=(1, 2, 3), epsilon=1e-6, center=False, scale=False, dtype="float32", name=SCALE_LAYER
            )
        one = len(self.scale) == 1
        scale, offset = (self.scale[0], self.offset[0]) if one else (list(self.scale), list(self.offset))
        return keras.layers.Rescaling(scale, offset=offset, name=SCALE_LAYER)


def build_model(
    nodes: Sequence[Node],
    input_shape: tuple[int, int, int],
    classes: int,
    preprocessing: Preprocessing,
    precision: str,
    seed: int,
    name: str,
    scope: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> keras.Model:
    """Builds the model; the same seed gives the same weights.

    Args:
        nodes: The layers with their inputs; the last gives the output.
        input_shape: `(height, width, channels)`.
        classes: Number that `units: classes` stands for.
        preprocessing: Preprocessing of the pixels inside the model.
        precision: Keras dtype policy; the output is always float32.
        seed: Seed of the initial weights and of dropout.
        name: Name of the model.
        scope: Inside it the variables are created, on some devices.

    Returns:
        A functional model from pixels 0…255 to the last layer's output.

    Raises:
        SpecError: Keras rejects a layer; the problem names it and the shapes around it.
    """
    from cnncli.startup import keras

    if any(is_backbone(node.entry) for node in nodes):
        # Keras numbers the layers inside a backbone per process, but a checkpoint needs the same names again
        keras.utils.clear_session(free_memory=False)  # before the scope, which it would end
    with _alone:
        keras.utils.set_random_seed(seed)
        with scope():
            return _connected(nodes, input_shape, classes, preprocessing, precision, name)


def _connected(
    nodes: Sequence[Node],
    input_shape: tuple[int, int, int],
    classes: int,
    preprocessing: Preprocessing,
    precision: str,
    name: str,
) -> keras.Model:
    from cnncli.startup import keras

    inputs = keras.Input(input_shape, name="image")
    results = {IMAGE: preprocessing.layer()(inputs)} if scales_image(nodes) else {}
    before = before_weights(nodes)
    for index, node in enumerate(nodes):
        policy = precision if index in before else "float32"
        own = reads_image(node)
        tensors = [pixels_for(node.entry, inputs, node.name)] if own else [results[source] for source in node.inputs]
        results[index] = _apply(node, tensors, {"classes": classes}, name=node.name, dtype=policy)
    return keras.Model(inputs, results[len(nodes) - 1], name=snake(name).replace("-", "_").replace(".", "_"))


def before_weights(nodes: Sequence[Node]) -> set[int]:
    """The layers that another one with weights follows: the rest makes the output, and computes in float32."""
    earlier: set[int] = set()
    for index in range(len(nodes) - 1, -1, -1):
        if index in earlier or nodes[index].entry.get("use_bias") is not None:
            earlier.update(nodes[index].inputs)
    return earlier


def heads(nodes: Sequence[Node]) -> tuple[str, ...]:
    """The layers that make the output, each class its own number: the last that mixes channels, and all after it."""
    before = before_weights(nodes)
    return tuple(node.name for i, node in enumerate(nodes) if i not in before)


def _apply(node: Node, inputs: list[Any], words: dict[str, int], **more: Any) -> Any:
    layer, shape = node.entry, " and ".join(dimensions(tensor.shape[1:]) for tensor in inputs)
    path = (*node.path, node.word) if layer.arguments else node.path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about layers that are rejected anyway
            if is_backbone(layer):
                if reason := shape_error(layer, tuple(inputs[0].shape[1:])):
                    raise SpecError([Problem(path, f"{layer.name}: {reason}{node.origin}", at_key=True)])
                keras_layer = build_backbone(layer, tuple(inputs[0].shape[1:]), **more)
            else:
                keras_layer = construct(layer, words, **more)
            output = keras_layer(inputs if layer.name in MERGES else inputs[0])
        if provider(layer) != KERAS:
            require_one_result(keras_layer, inputs[0], output)
    except SpecError:
        raise
    except Exception as error:
        message = f"{provider(layer)} cannot apply {layer.name} to {shape}: {_reason(error)}{node.origin}"
        raise SpecError([Problem(path, message, at_key=True)]) from error
    if any(not size or size < 1 for size in output.shape[1:]):
        message = f"{layer.name} turns {shape} into {dimensions(output.shape[1:])}: nothing is left{node.origin}"
        raise SpecError([Problem(path, message, at_key=True)])
    return output


def _reason(error: Exception) -> str:
    """Keras' own reason in one sentence, without its heading, its bold type and the dump of arguments that follows."""
    text = re.sub(r"\x1b\[\d*m", "", str(error)).strip()
    text = text.rpartition("Error encountered:")[2].strip() or text
    text = re.sub(r"\AException encountered when calling \S+\s*", "", text)
    text = re.split(r"\n\s*\n|\nArguments received", text)[0]
    return " ".join(text.split()) or type(error).__name__
