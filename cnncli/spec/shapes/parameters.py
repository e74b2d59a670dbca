"""The number of parameters of a layer, by arithmetic."""

from __future__ import annotations

from math import prod

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import WEIGHTED, traits_of
from cnncli.spec.backbones import is_backbone
from cnncli.spec.shapes.terms import Shape, pair, units_of


def parameters_of(layer: Entry, input_shape: Shape, classes: int) -> int | None:
    """The number of parameters of a layer, as Keras counts them; of several inputs, any gives their shape.

    Returns:
        The number; of a backbone with another `alpha` than 1 an estimate; None when only Keras can tell.
    """
    if is_backbone(layer):  # twice as wide has four times the weights, near enough
        return round(BACKBONES[layer.name].parameters * float(layer.get("alpha") or 1.0) ** 2)
    traits = traits_of(layer.name)
    if traits is None or traits.group == "wrapper" or (traits.image_only and len(input_shape) != 3):
        return None
    if traits.group == "normalization":
        return _of_normalization(layer, input_shape)
    if layer.name == "PReLU":
        shared = layer.get("shared_axes") or ()
        return prod(1 if axis in shared else size for axis, size in enumerate(input_shape, 1))
    if layer.name not in WEIGHTED:
        return 0
    channels = input_shape[-1]
    bias = output_channels(layer, channels, classes) if layer.get("use_bias") else 0
    return kernel_values(layer, channels, classes) + bias


def output_channels(layer: Entry, channels: int, classes: int) -> int:
    """Channels of the output of a convolution or Dense."""
    if layer.name == "DepthwiseConv2D":
        return int(channels * layer.get("depth_multiplier"))
    return units_of(layer.get("units" if layer.name == "Dense" else "filters"), classes)


def kernel_values(layer: Entry, channels: int, classes: int) -> int:
    """Numbers in the kernels of a convolution or Dense with this many input channels."""
    outputs = output_channels(layer, channels, classes)
    if layer.name == "Dense":
        return channels * outputs
    area = prod(pair(layer.get("kernel_size")))
    if layer.name == "DepthwiseConv2D":
        return area * outputs
    if layer.name == "SeparableConv2D":
        multiplied = channels * layer.get("depth_multiplier")
        return int(area * multiplied + multiplied * outputs)
    return area * (channels // (layer.get("groups") or 1)) * outputs


def _of_normalization(layer: Entry, shape: Shape) -> int | None:
    """None for axes that Keras refuses; the batch is axis 0."""
    axes = layer.get("axis") if isinstance(layer.get("axis"), list) else [layer.get("axis")]
    if not all(1 <= abs(axis) <= len(shape) for axis in axes):
        return None
    arrays = {"RMSNormalization": 1, "UnitNormalization": 0}.get(layer.name)
    if arrays is None:
        arrays = bool(layer.get("scale")) + bool(layer.get("center"))
    if layer.name == "BatchNormalization":
        arrays += 5 if layer.get("renorm") else 2  # moving mean and variance; with renorm three more statistics
    return arrays * prod(shape[axis - 1 if axis > 0 else axis] for axis in axes)
