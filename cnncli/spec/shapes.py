"""Follows the shape of an image through the layers, with arithmetic only.

Keras knows every layer exactly but takes seconds to load. Most networks are made of a dozen kinds of layers whose
shapes are easy, and knowing those is enough to find the usual mistakes at once. Where a layer is not known here the
shape is `None` from there on, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from cnncli.catalog.entries import Entry

Shape = tuple[int, ...]

_SAME_SHAPE = {
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
_IMAGE_LAYERS = _CONVOLUTIONS | _POOLS | _GLOBAL_POOLS | {"SpatialDropout2D", "UpSampling2D"}


class DoesNotFit(Exception):
    """A layer cannot take the shape it is given; says why, and which layer it is by its index."""

    index = 0


def pair(value: int | Sequence[int]) -> tuple[int, int]:
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
    if name in _CONVOLUTIONS:
        _check_convolution(layer, shape[2], classes)
        size = _window(shape, kernel_of(layer), pair(layer.get("strides")), layer.get("padding"))
        if name == "DepthwiseConv2D":
            return (*size, shape[2] * layer.get("depth_multiplier"))
        return (*size, units_of(layer.get("filters"), classes))
    if name in _POOLS:
        pool = pair(layer.get("pool_size"))
        return (*_window(shape, pool, pair(layer.get("strides") or pool), layer.get("padding")), shape[2])
    if name in _GLOBAL_POOLS:
        return (1, 1, shape[2]) if layer.get("keepdims") else (shape[2],)
    if name == "UpSampling2D":
        size = pair(layer.get("size"))
        return shape[0] * size[0], shape[1] * size[1], shape[2]
    return shape  # SpatialDropout2D


def _check_convolution(layer: Entry, channels: int, classes: int) -> None:
    """What TensorFlow cannot compute, whatever the size of the image."""
    strides, dilated = pair(layer.get("strides")), max(pair(layer.get("dilation_rate"))) > 1
    if layer.name != "Conv2D":
        if strides[0] != strides[1] and not dilated:
            raise DoesNotFit(f"its strides must be the same both ways, not {strides[0]}×{strides[1]}")
        return
    if max(strides) > 1 and dilated:
        raise DoesNotFit("it can have strides or a dilation_rate above 1, not both")
    groups, filters = layer.get("groups"), units_of(layer.get("filters"), classes)
    for count, what in ((channels, "channels it is given"), (filters, "filters")):
        if count % groups:
            raise DoesNotFit(f"{groups} groups do not divide the {count} {what}")


def units_of(value: int | str, classes: int) -> int:
    """A number of units or filters, `classes` being the number of classes."""
    return classes if isinstance(value, str) else value


def after(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The shape after one layer, without the batch; None when this layer is not known here.

    Raises:
        DoesNotFit: the layer cannot take this shape.
    """
    if layer.name in _SAME_SHAPE:
        groups = layer.get("groups") if layer.name == "GroupNormalization" else 1
        if groups > 0 and shape[-1] % groups:
            raise DoesNotFit(f"its {groups} groups do not divide the {shape[-1]} channels it is given")
        return shape
    if layer.name == "Flatten":
        return (prod(shape),)
    if layer.name == "Dense":
        return (*shape[:-1], units_of(layer.get("units"), classes))
    if layer.name == "Reshape" and -1 not in (target := layer.get("target_shape")):
        if prod(target) != prod(shape):
            raise DoesNotFit(f"{prod(shape)} values cannot be given the shape {'×'.join(map(str, target))}")
        return tuple(target)
    if layer.name in _IMAGE_LAYERS:
        if len(shape) != 3:
            given = "×".join(map(str, shape))
            raise DoesNotFit(f"it takes images (height, width, channels); above it everything is flat ({given})")
        return _image(layer, shape, classes)
    return None


def follow(layers: Sequence[Entry], shape: Shape, classes: int) -> Iterator[tuple[int, Entry, Shape, Shape | None]]:
    """Each layer with its index, the shape it is given and the shape it gives, as far as they are known.

    Raises:
        DoesNotFit: on the first layer that cannot take what it is given.
    """
    for index, layer in enumerate(layers):
        try:
            result = after(layer, shape, classes)
        except DoesNotFit as error:
            error.index = index
            raise
        yield index, layer, shape, result
        if result is None:
            return
        shape = result


def summarize_shapes(layers: Sequence[Entry], shape: Shape, classes: int) -> list[Shape | None]:
    """The shape after each layer, None where it is not known without Keras."""
    shapes: list[Shape | None] = [None] * len(layers)
    for index, _, _, result in follow(layers, shape, classes):
        shapes[index] = result
    return shapes


def parameters(layer: Entry, given: Shape, classes: int) -> int:
    """Weights and biases of a layer that takes this shape, those of normalisation left out: they are few."""
    if layer.name == "Dense":
        return (given[-1] + bool(layer.get("use_bias"))) * units_of(layer.get("units"), classes)
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
