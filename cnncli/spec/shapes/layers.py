"""The shape after one layer that takes one result, and the weights it has."""

from __future__ import annotations

from math import prod

from cnncli.catalog.entries import Entry
from cnncli.spec.backbones import is_backbone, parameters_of, result_of, shape_error
from cnncli.spec.shapes.terms import DoesNotFit, Shape, kernel_of, pair, times, units_of

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


def after(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The shape after one layer, without the batch; None when this layer is not known here.

    Raises:
        DoesNotFit: the layer cannot take this shape.
    """
    if layer.name in SAME_SHAPE:
        groups = layer.get("groups") if layer.name == "GroupNormalization" else 1
        axis = layer.get("axis") if groups > 1 else -1
        known = isinstance(axis, int) and axis and -len(shape) <= axis <= len(shape)  # the batch is axis 0
        channels = shape[axis - (axis > 0)] if known else shape[-1]
        if groups > 0 and channels % groups:
            raise DoesNotFit(f"its {groups} groups do not divide the {channels} channels it is given", shape)
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


def _image(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The shape after a layer that takes images, given `(height, width, channels)`."""
    name = layer.name
    if is_backbone(layer):
        if why := shape_error(layer, shape):
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
        size = pair(layer.get("output_size"))
        if name == "AdaptiveMaxPooling2D" and 1 in (*size, *shape[:2]):
            # Keras 3.15 then also pools with a window that is one too large, and oneDNN ends the process by SIGFPE
            raise DoesNotFit("TensorFlow fails on it with a height or width of 1; GlobalMaxPooling2D does the same")
        return (*size, shape[2])
    if name in _BORDERS:
        return (*_bordered(layer, shape), shape[2])
    if name == "Conv2DTranspose":
        painted = _transposed(layer, shape)
        return (*painted, units_of(layer.get("filters"), classes)) if painted else None
    if name == "UpSampling2D":
        size = pair(layer.get("size"))
        return shape[0] * size[0], shape[1] * size[1], shape[2]
    return shape  # SpatialDropout2D


def _window(size: Shape, window: tuple[int, int], strides: tuple[int, int], padding: str) -> tuple[int, int]:
    """Height and width after a window has moved over the image."""
    if padding == "same":
        return -(-size[0] // strides[0]), -(-size[1] // strides[1])
    if size[0] < window[0] or size[1] < window[1]:
        what = f"its window of {window[0]}×{window[1]} is larger than the image of {size[0]}×{size[1]} it is given"
        raise DoesNotFit(what)
    return (size[0] - window[0]) // strides[0] + 1, (size[1] - window[1]) // strides[1] + 1


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
    if max(strides) > 1 and kernel == (1, 1):
        # oneDNN writes past its memory: factory/layers.py
        instead = "UpSampling2D and a Conv2D of 1×1 do what it is for"
        raise DoesNotFit(f"TensorFlow fails on it with strides and a kernel of 1×1; {instead}")
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
