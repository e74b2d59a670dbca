"""The arrays of weights of a layer, by arithmetic: their shapes, and so the number of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import traits_of
from cnncli.spec.backbones import is_backbone
from cnncli.spec.shapes.terms import Shape, pair, units_of


@dataclass(frozen=True)
class WeightArray:
    """One array of weights of a layer.

    Args:
        name: Keras' name of it, such as `kernel` or `bias`.
        shape: Its shape; a kernel is (height, width, input channels, filters).
        trainable: Whether training steps change it; the statistics of a normalisation are not trainable.
    """

    name: str
    shape: Shape
    trainable: bool = True

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)


def parameters_of(layer: Entry, input_shape: Shape, classes: int) -> int | None:
    """The number of parameters of a layer, as Keras counts them.

    Args:
        layer: Checked layer.
        input_shape: Shape of any of its inputs, without the batch.
        classes: Number that the word `classes` stands for.

    Returns:
        The number; of a backbone with another `alpha` than 1 an estimate; None when only Keras can tell.
    """
    if is_backbone(layer):  # twice as wide has four times the weights, near enough
        return round(BACKBONES[layer.name].parameters * float(layer.get("alpha") or 1.0) ** 2)
    arrays = weights_of(layer, input_shape, classes)
    return None if arrays is None else sum(array.size for array in arrays)


def weights_of(layer: Entry, input_shape: Shape, classes: int) -> tuple[WeightArray, ...] | None:
    """The arrays of weights of a layer, in Keras' order; None when only Keras can tell.

    Args:
        layer: Checked layer.
        input_shape: Shape of any of its inputs, without the batch.
        classes: Number that the word `classes` stands for.
    """
    traits, rule = traits_of(layer.name), _RULES.get(layer.name)
    if traits is None or (traits.image_only and len(input_shape) != 3):
        return None
    if (
        rule
        and traits.group == "normalization"
        and not all(1 <= abs(axis) <= len(input_shape) for axis in _axes(layer))
    ):
        return None  # Keras will refuse it
    return rule(layer, input_shape, classes) if rule else ()


def _with_bias(layer: Entry, units: int, *kernels: WeightArray) -> tuple[WeightArray, ...]:
    return (*kernels, WeightArray("bias", (units,))) if layer.get("use_bias") else kernels


def _convolution(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    filters = units_of(layer.get("filters"), classes)
    kernel = (*pair(layer.get("kernel_size")), shape[-1] // (layer.get("groups") or 1), filters)
    return _with_bias(layer, filters, WeightArray("kernel", kernel))


def _transposed(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    filters = units_of(layer.get("filters"), classes)
    return _with_bias(layer, filters, WeightArray("kernel", (*pair(layer.get("kernel_size")), filters, shape[-1])))


def _depthwise(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    return _with_bias(layer, shape[-1] * layer.get("depth_multiplier"), _channel_kernel(layer, shape, "kernel"))


def _separable(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    filters = units_of(layer.get("filters"), classes)
    pointwise = WeightArray("pointwise_kernel", (1, 1, shape[-1] * layer.get("depth_multiplier"), filters))
    return _with_bias(layer, filters, _channel_kernel(layer, shape, "depthwise_kernel"), pointwise)


def _channel_kernel(layer: Entry, shape: Shape, name: str) -> WeightArray:
    return WeightArray(name, (*pair(layer.get("kernel_size")), shape[-1], layer.get("depth_multiplier")))


def _dense(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    units = units_of(layer.get("units"), classes)
    return _with_bias(layer, units, WeightArray("kernel", (shape[-1], units)))


def _axes(layer: Entry) -> list[int]:
    """The axes along which a normalisation has its own scale and offset; the batch is axis 0."""
    axes = layer.get("axis")
    return axes if isinstance(axes, list) else [axes]


def _normalized(layer: Entry, shape: Shape) -> Shape:
    return tuple(shape[axis - 1 if axis > 0 else axis] for axis in _axes(layer))


def _scale_and_offset(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    arguments = (("gamma", "scale"), ("beta", "center"))
    return tuple(WeightArray(name, _normalized(layer, shape)) for name, key in arguments if layer.get(key))


def _scale(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    return (WeightArray("scale", _normalized(layer, shape)),)


def _batch_normalization(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    names = ["moving_mean", "moving_variance"]
    names += ["moving_stddev", "renorm_mean", "renorm_stddev"] if layer.get("renorm") else []
    statistics = tuple(WeightArray(name, _normalized(layer, shape), trainable=False) for name in names)
    return (*_scale_and_offset(layer, shape, classes), *statistics)


def _slopes(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...]:
    shared: Sequence[int] = layer.get("shared_axes") or ()
    return (WeightArray("alpha", tuple(1 if axis in shared else size for axis, size in enumerate(shape, 1))),)


def _spectral(layer: Entry, shape: Shape, classes: int) -> tuple[WeightArray, ...] | None:
    arrays = weights_of(layer.get("layer"), shape, classes)
    if not arrays:
        return None
    return (*arrays, WeightArray("vector_u", (1, arrays[0].shape[-1]), trainable=False))


_RULES: Mapping[str, Callable[[Entry, Shape, int], tuple[WeightArray, ...] | None]] = {
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "GroupNormalization": _scale_and_offset,
    "LayerNormalization": _scale_and_offset,
    "RMSNormalization": _scale,
    "PReLU": _slopes,
    "SpectralNormalization": _spectral,
}
"""Layers that are not here have no weights."""
