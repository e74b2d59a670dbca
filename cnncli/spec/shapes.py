"""Follows the shape of an image through the network, with arithmetic only.

Keras knows every layer exactly but takes seconds to load. Most networks are made of a dozen kinds of layers whose
shapes are easy, and knowing those is enough to find the usual mistakes at once. Where a layer is not known here the
shape is `None` for all that follows from it, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.names import MERGES
from cnncli.spec.backbones import is_backbone, misfit, parameters_of, result_of
from cnncli.spec.graph import Node

Shape = tuple[int, ...]

SAME_SHAPE = {
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "BatchNormalization",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Identity",
    "LayerNormalization",
    "LeakyReLU",
    "PReLU",
    "RMSNormalization",
    "ReLU",
    "Softmax",
    "UnitNormalization",
}
_CONVOLUTIONS = {"Conv2D", "SeparableConv2D", "DepthwiseConv2D"}
_POOLS = {"MaxPooling2D", "AveragePooling2D"}
_GLOBAL_POOLS = {"GlobalAveragePooling2D", "GlobalMaxPooling2D"}
_ADAPTIVE_POOLS = {"AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D"}
_BORDERS = {"ZeroPadding2D": 1, "Cropping2D": -1}
_IMAGE_LAYERS = {
    *(_CONVOLUTIONS | _POOLS | _GLOBAL_POOLS | _ADAPTIVE_POOLS | set(_BORDERS)),
    *("Conv2DTranspose", "SpatialDropout2D", "UpSampling2D"),
}


class DoesNotFit(Exception):
    """A layer cannot take the shape it is given.

    Args:
        why: completes "does not fit here: …".
        result: the shape that it would give once it was mended, where that is sure; None where it is not.
    """

    def __init__(self, why: str, result: Shape | None = None) -> None:
        super().__init__(why)
        self.result = result


@dataclass(frozen=True)
class Step:
    """One layer of the network with the shapes around it.

    Args:
        index: of the layer among the nodes.
        node: the layer.
        given: the shapes that it takes, without the batch; None for one that only Keras knows.
        result: the shape that it gives, or None.
        misfit: why it cannot take what it is given; empty when it can.
    """

    index: int
    node: Node
    given: tuple[Shape | None, ...]
    result: Shape | None
    misfit: str = ""


def times(shape: Sequence[int]) -> str:
    """A shape as people write it: `28×28×1`."""
    return "×".join(map(str, shape))


def pair(value: Any) -> tuple[Any, Any]:
    """One value for both axes, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _window(size: Shape, window: tuple[int, int], strides: tuple[int, int], padding: str) -> tuple[int, int]:
    """Height and width after a window has moved over the image."""
    if padding == "same":
        return -(-size[0] // strides[0]), -(-size[1] // strides[1])
    if size[0] < window[0] or size[1] < window[1]:
        what = f"its window of {window[0]}×{window[1]} is larger than the image of {size[0]}×{size[1]} it is given"
        raise DoesNotFit(what)
    return (size[0] - window[0]) // strides[0] + 1, (size[1] - window[1]) // strides[1] + 1


def kernel_of(layer: Entry) -> tuple[int, int]:
    """The extent of a convolution's kernel, dilation included."""
    kernel, dilation = pair(layer.get("kernel_size")), pair(layer.get("dilation_rate"))
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def _image(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The shape after a layer that takes images, given `(height, width, channels)`."""
    name = layer.name
    if is_backbone(layer):
        if why := misfit(layer, shape):
            raise DoesNotFit(why)
        return result_of(layer, shape)
    if name in _CONVOLUTIONS:
        size = _window(shape, kernel_of(layer), pair(layer.get("strides")), layer.get("padding"))
        many = shape[2] * layer.get("depth_multiplier") if name == "DepthwiseConv2D" else layer.get("filters")
        result = (*size, units_of(many, classes))
        _check_convolution(layer, shape[2], result)
        return result
    if name in _POOLS:
        pool = pair(layer.get("pool_size"))
        return (*_window(shape, pool, pair(layer.get("strides") or pool), layer.get("padding")), shape[2])
    if name in _GLOBAL_POOLS:
        return (1, 1, shape[2]) if layer.get("keepdims") else (shape[2],)
    if name in _ADAPTIVE_POOLS:
        return (*pair(layer.get("output_size")), shape[2])
    if name in _BORDERS:
        return (*_bordered(layer, shape), shape[2])
    if name == "Conv2DTranspose":
        painted = _transposed(layer, shape)
        return (*painted, units_of(layer.get("filters"), classes)) if painted else None
    if name == "UpSampling2D":
        size = pair(layer.get("size"))
        return shape[0] * size[0], shape[1] * size[1], shape[2]
    return shape  # SpatialDropout2D


def _bordered(layer: Entry, shape: Shape) -> tuple[int, int]:
    """Height and width with rows and columns put on or cut off."""
    borders = layer.get("padding" if layer.name == "ZeroPadding2D" else "cropping")
    added = [_BORDERS[layer.name] * sum(pair(border)) for border in pair(borders)]
    height, width = shape[0] + added[0], shape[1] + added[1]
    if min(height, width) < 1:
        raise DoesNotFit(f"it cuts off all of the image of {shape[0]}×{shape[1]} it is given")
    return height, width


def _transposed(layer: Entry, shape: Shape) -> tuple[int, int] | None:
    """Height and width after each pixel has painted a window; what not every device can compute is left to Keras."""
    strides, kernel, dilated = (
        pair(layer.get("strides")),
        pair(layer.get("kernel_size")),
        pair(layer.get("dilation_rate")),
    )
    if max(strides) > 1 and max(dilated) > 1:
        raise DoesNotFit("it can have strides or a dilation_rate above 1, not both")
    if max(dilated) > 1 or layer.get("output_padding") is not None:
        return None
    hanging = [0 if layer.get("padding") == "same" else max(kernel[i] - strides[i], 0) for i in (0, 1)]
    return shape[0] * strides[0] + hanging[0], shape[1] * strides[1] + hanging[1]


def _check_convolution(layer: Entry, channels: int, result: Shape) -> None:
    """What TensorFlow cannot compute, whatever the size of the image."""
    strides, dilated = pair(layer.get("strides")), max(pair(layer.get("dilation_rate"))) > 1
    if layer.name != "Conv2D":
        if strides[0] != strides[1] and not dilated:
            raise DoesNotFit(f"its strides must be the same both ways, not {strides[0]}×{strides[1]}", result)
        return
    if max(strides) > 1 and dilated:
        raise DoesNotFit("it can have strides or a dilation_rate above 1, not both", result)
    groups = layer.get("groups")
    for count, what in ((channels, "channels it is given"), (result[2], "filters")):
        if count % groups:
            raise DoesNotFit(f"{groups} groups do not divide the {count} {what}", result)


def units_of(value: int | str, classes: int) -> int:
    """A number of units or filters, `classes` being the number of classes."""
    return classes if isinstance(value, str) else value


def after(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The shape after one layer, without the batch; None when this layer is not known here.

    Raises:
        DoesNotFit: the layer cannot take this shape.
    """
    if layer.name in SAME_SHAPE:
        groups = layer.get("groups") if layer.name == "GroupNormalization" else 1
        if groups > 0 and shape[-1] % groups:
            raise DoesNotFit(f"its {groups} groups do not divide the {shape[-1]} channels it is given", shape)
        return shape
    if layer.name == "Flatten":
        return (prod(shape),)
    if layer.name == "Dense":
        return (*shape[:-1], units_of(layer.get("units"), classes))
    if layer.name == "Reshape" and -1 not in (target := layer.get("target_shape")):
        if prod(target) != prod(shape):
            raise DoesNotFit(f"{prod(shape)} values cannot be given the shape {times(target)}", tuple(target))
        return tuple(target)
    if layer.name in _IMAGE_LAYERS or is_backbone(layer):
        if len(shape) != 3:
            what = f"it takes images (height, width, channels); above it everything is flat ({times(shape)})"
            raise DoesNotFit(what)
        return _image(layer, shape, classes)
    return None


def merged(layer: Entry, shapes: Sequence[Shape]) -> Shape:
    """The shape after a layer that makes one result of several.

    Raises:
        DoesNotFit: the layer cannot join these shapes.
    """
    result = shapes[0]
    for shape in shapes[1:]:
        result = _concatenated(layer, result, shape) if layer.name == "Concatenate" else _broadcast(result, shape)
    return result


def _broadcast(first: Shape, second: Shape) -> Shape:
    """The shape of a sum; an axis of 1 is as long as it needs to be, and missing axes in front are such."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    padded = (1,) * (len(longer) - len(shorter)) + shorter
    if all(a == b or 1 in (a, b) for a, b in zip(longer, padded, strict=True)):
        return tuple(b if a == 1 else a for a, b in zip(longer, padded, strict=True))
    raise DoesNotFit(f"it is given {times(first)} and {times(second)}; {_way_out(first, second)}")


def _way_out(first: Shape, second: Shape) -> str:
    if len(first) != len(second):
        return "one of them is flat; join them before or after Flatten, both alike"
    if first[:-1] == second[:-1]:
        return "a 1×1 convolution makes as many channels of one as the other has"
    same = " and a 1×1 convolution the channels" if first[-1] != second[-1] else ""
    return f"strides and 'padding: same' alike on both ways make the sizes equal{same}"


def _concatenated(layer: Entry, first: Shape, second: Shape) -> Shape:
    rank, axis = len(first), layer.get("axis")
    place = axis - 1 if axis > 0 else rank + axis
    if len(second) != rank:
        raise DoesNotFit(f"it is given {times(first)} and {times(second)}; {_way_out(first, second)}")
    if axis == 0 or not 0 <= place < rank:
        raise DoesNotFit(f"there is no axis {axis} to join along; axis -1 is that of the channels")
    if [*first[:place], *first[place + 1 :]] != [*second[:place], *second[place + 1 :]]:
        what = "channels" if place == rank - 1 and rank > 1 else f"axis {axis}"
        raise DoesNotFit(
            f"it joins the {what} of {times(first)} and {times(second)}, whose other sizes differ; "
            "strides and 'padding: same' alike on all ways make them equal"
        )
    return (*first[:place], first[place] + second[place], *first[place + 1 :])


def follow(nodes: Sequence[Node], shape: Shape | None, classes: int) -> list[Step]:
    """Each layer with the shapes it is given and the shape it gives, as far as they are known.

    Args:
        nodes: the network.
        shape: of the image; None when only the images tell.
        classes: their number.
    """
    steps: list[Step] = []
    for index, node in enumerate(nodes):
        given = tuple(steps[source].result if source >= 0 else shape for source in node.inputs)
        known = [each for each in given if each is not None]
        result, misfit = None, ""
        try:
            if len(known) == len(given):
                merges = node.entry.name in MERGES
                result = merged(node.entry, known) if merges else after(node.entry, known[0], classes)
        except DoesNotFit as error:
            result, misfit = error.result, str(error)
        steps.append(Step(index, node, given, result, misfit))
    return steps


def summarize_shapes(nodes: Sequence[Node], shape: Shape, classes: int) -> list[Shape | None]:
    """The shape after each layer, None where it is not known without Keras."""
    return [step.result for step in follow(nodes, shape, classes)]


def parameters(layer: Entry, given: Shape, classes: int) -> int:
    """Weights and biases of a layer that takes this shape, those of normalisation left out: they are few."""
    if layer.name == "Dense":
        return (given[-1] + bool(layer.get("use_bias"))) * units_of(layer.get("units"), classes)
    if is_backbone(layer):
        return parameters_of(layer)
    if layer.name not in _CONVOLUTIONS:
        return 0
    window, channels = prod(pair(layer.get("kernel_size"))), given[-1]
    if layer.name == "DepthwiseConv2D":
        filters = channels * layer.get("depth_multiplier")
        kernel = window * filters
    else:
        filters = units_of(layer.get("filters"), classes)
        middle = channels * layer.get("depth_multiplier") if layer.name == "SeparableConv2D" else 0
        kernel = (window + filters) * middle or window * channels // layer.get("groups") * filters
    return kernel + (filters if layer.get("use_bias") else 0)
