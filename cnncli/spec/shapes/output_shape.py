"""The output shape of a layer, by arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import CONVOLUTIONS, POOLS, traits_of
from cnncli.spec.backbones import backbone_output_shape, is_backbone, shape_error
from cnncli.spec.shapes.axes import check_axes
from cnncli.spec.shapes.terms import Shape, ShapeError, border_of, pair, units_of, window_of
from cnncli.wording import dimensions


def output_shape(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The output shape of a layer with one input, both without the batch; `classes` is what that word stands for.

    Returns:
        The output shape without the batch; None when only Keras can tell.

    Raises:
        ShapeError: The layer cannot take this shape.
    """
    traits = traits_of(layer.name)
    if is_backbone(layer) or (traits and traits.image_only):
        if len(shape) != 3:
            raise ShapeError(
                f"it takes images (height, width, channels); above it everything is flat ({dimensions(shape)})"
            )
        return _of_image(layer, shape, classes)
    if traits and traits.same_shape:
        check_axes(layer, shape)
        _check_groups(layer, shape)
        return shape
    if layer.name == "Flatten":
        return (prod(shape),)
    if layer.name == "Dense":
        return (*shape[:-1], units_of(layer.get("units"), classes))
    if layer.name == "Permute":
        check_axes(layer, shape)
    if layer.name == "Reshape" and -1 not in (target := layer.get("target_shape")):
        if prod(target) != prod(shape):
            raise ShapeError(f"{prod(shape)} values cannot be given the shape {dimensions(target)}", tuple(target))
        return tuple(target)
    return None


def _check_groups(layer: Entry, shape: Shape) -> None:
    groups = layer.get("groups") if layer.name == "GroupNormalization" else 1
    axis = layer.get("axis") if groups > 1 else -1
    valid = isinstance(axis, int) and axis and -len(shape) <= axis <= len(shape)  # the batch is axis 0
    channels = shape[axis - (axis > 0)] if valid else shape[-1]
    if groups > 0 and channels % groups:
        raise ShapeError(f"its {groups} groups do not divide the {channels} channels of its input", shape)


def _of_image(layer: Entry, shape: Shape, classes: int) -> Shape | None:
    """The output shape of a layer that takes images of `(height, width, channels)`."""
    name, channels = layer.name, shape[2]
    if is_backbone(layer):
        if reason := shape_error(layer, shape):
            raise ShapeError(reason)
        return backbone_output_shape(layer, shape)
    if name in CONVOLUTIONS:
        size = _slide(layer, shape)
        multiplied = channels * layer.get("depth_multiplier") if name == "DepthwiseConv2D" else layer.get("filters")
        result = (*size, units_of(multiplied, classes))
        _check_convolution(layer, channels, result)
        return result
    if name in POOLS:
        return (*_slide(layer, shape), channels)
    if name in ("GlobalAveragePooling2D", "GlobalMaxPooling2D"):
        return (1, 1, channels) if layer.get("keepdims") else (channels,)
    if name in ("AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D"):
        size = pair(layer.get("output_size"))
        if name == "AdaptiveMaxPooling2D" and 1 in (*size, *shape[:2]):
            # Keras 3.15 pools with a window that is one too large here, and the process ends
            raise ShapeError("TensorFlow fails on it with a height or width of 1; use GlobalMaxPooling2D instead")
        return (*size, channels)
    if name in ("ZeroPadding2D", "Cropping2D"):
        return (*_bordered(layer, shape), channels)
    if name == "Conv2DTranspose":
        enlarged = _transposed(layer, shape)
        return (*enlarged, units_of(layer.get("filters"), classes)) if enlarged else None
    if name == "UpSampling2D":
        height, width = pair(layer.get("size"))
        return shape[0] * height, shape[1] * width, channels
    return shape  # SpatialDropout2D


def _slide(layer: Entry, shape: Shape) -> tuple[int, int]:
    """Height and width after the window of a convolution or pool has moved over the image."""
    window, strides = window_of(layer)
    if layer.get("padding") == "same":
        return -(-shape[0] // strides[0]), -(-shape[1] // strides[1])
    if shape[0] < window[0] or shape[1] < window[1]:
        raise ShapeError(
            f"its window of {window[0]}×{window[1]} is larger than its input image of {shape[0]}×{shape[1]}"
        )
    return (shape[0] - window[0]) // strides[0] + 1, (shape[1] - window[1]) // strides[1] + 1


def _bordered(layer: Entry, shape: Shape) -> tuple[int, int]:
    """Height and width after rows and columns were padded or cropped."""
    sign = 1 if layer.name == "ZeroPadding2D" else -1
    rows, columns = border_of(layer)
    height, width = shape[0] + sign * sum(rows), shape[1] + sign * sum(columns)
    if min(height, width) < 1:
        raise ShapeError(f"it crops all of its input image of {shape[0]}×{shape[1]}")
    return height, width


def _transposed(layer: Entry, shape: Shape) -> tuple[int, int] | None:
    """Height and width of a transposed convolution; None for what not every device computes, which is left to Keras."""
    strides, kernel = pair(layer.get("strides")), pair(layer.get("kernel_size"))
    dilated = max(pair(layer.get("dilation_rate"))) > 1
    if max(strides) > 1 and dilated:
        raise ShapeError("it can have strides or a dilation_rate above 1, not both")
    if max(strides) > 1 and kernel == (1, 1):
        # a memory error of oneDNN: factory/layers.py
        instead = "use UpSampling2D and a Conv2D of 1×1 instead"
        raise ShapeError(f"TensorFlow fails on it with strides and a kernel of 1×1; {instead}")
    if dilated or layer.get("output_padding") is not None:
        return None
    overhang = [0 if layer.get("padding") == "same" else max(kernel[i] - strides[i], 0) for i in (0, 1)]
    return shape[0] * strides[0] + overhang[0], shape[1] * strides[1] + overhang[1]


def _check_convolution(layer: Entry, channels: int, result: Shape) -> None:
    """Rejects what TensorFlow cannot compute, whatever the size of the image."""
    strides, dilated = pair(layer.get("strides")), max(pair(layer.get("dilation_rate"))) > 1
    if layer.name != "Conv2D":
        if strides[0] != strides[1] and not dilated:
            raise ShapeError(f"its strides must be equal in both directions, not {strides[0]}×{strides[1]}", result)
        return
    if max(strides) > 1 and dilated:
        raise ShapeError("it can have strides or a dilation_rate above 1, not both", result)
    groups = layer.get("groups")
    for count, what in ((channels, "channels of its input"), (result[2], "filters")):
        if count % groups:
            raise ShapeError(f"{groups} groups do not divide the {count} {what}", result)


def merge_shape(layer: Entry, shapes: Sequence[Shape]) -> Shape:
    """The output shape of a layer with several inputs.

    Raises:
        ShapeError: The layer cannot join these shapes.
    """
    result = shapes[0]
    for shape in shapes[1:]:
        result = _concatenate(layer, result, shape) if layer.name == "Concatenate" else _broadcast(result, shape)
    return result


def _broadcast(first: Shape, second: Shape) -> Shape:
    """The shape of a sum: an axis of 1 fits any size, and so does a missing one in front."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    padded = (1,) * (len(longer) - len(shorter)) + shorter
    if all(a == b or 1 in (a, b) for a, b in zip(longer, padded, strict=True)):
        return tuple(b if a == 1 else a for a, b in zip(longer, padded, strict=True))
    raise ShapeError(f"its inputs are {dimensions(first)} and {dimensions(second)}; {_advice(first, second)}")


def _advice(first: Shape, second: Shape) -> str:
    if len(first) != len(second):
        return "one of them is flat; join them both before Flatten or both after it"
    if first[:-1] == second[:-1]:
        return "a 1×1 convolution gives one of them as many channels as the other has"
    channels = " and a 1×1 convolution the channels" if first[-1] != second[-1] else ""
    return f"the same strides and 'padding: same' in both branches make the sizes equal{channels}"


def _concatenate(layer: Entry, first: Shape, second: Shape) -> Shape:
    rank, axis = len(first), layer.get("axis")
    place = axis - 1 if axis > 0 else rank + axis
    if len(second) != rank:
        raise ShapeError(f"its inputs are {dimensions(first)} and {dimensions(second)}; {_advice(first, second)}")
    if axis == 0 or not 0 <= place < rank:
        raise ShapeError(f"there is no axis {axis} to join along; axis -1 is the channels")
    if [*first[:place], *first[place + 1 :]] != [*second[:place], *second[place + 1 :]]:
        what = "channels" if place == rank - 1 and rank > 1 else f"axis {axis}"
        raise ShapeError(
            f"it joins the {what} of {dimensions(first)} and {dimensions(second)}, whose other sizes differ; "
            "the same strides and 'padding: same' in all branches make them equal"
        )
    return (*first[:place], first[place] + second[place], *first[place + 1 :])
