"""What a layer computes for one image: multiply-adds (MACs), and all floating-point operations (FLOPs).

Counted as in He et al., "Deep Residual Learning" (2015), table 1, and Sandler et al., "MobileNetV2" (2018), table 4.
"""

from __future__ import annotations

from math import prod

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import MERGES, POOLS, WEIGHTED, traits_of
from cnncli.spec.shapes.network_shapes import Step
from cnncli.spec.shapes.parameters import kernel_values
from cnncli.spec.shapes.terms import pair


def macs_of(step: Step) -> int | None:
    """Multiply-adds of a layer for one image; None when the kind of layer or a shape is unknown.

    A convolution applies its kernel at each place of its output, a transposed one at each place of its input, a dense
    layer once for each vector.
    """
    layer, inputs, output = step.node.entry, step.input_shapes[0], step.output_shape
    traits = traits_of(layer.name)
    if traits is None or traits.group == "wrapper" or inputs is None or output is None:
        return None
    if layer.name not in WEIGHTED:
        return 0
    classes = output[-1]  # where units or filters are `classes`
    places = prod((inputs if traits.group == "transposed" else output)[:-1])
    return places * kernel_values(layer, inputs[-1], classes)


def flops_of(step: Step, macs: int) -> int:
    """Floating-point operations of a layer with known shapes for one image, given its multiply-adds.

    A multiply-add is two. A bias and an activation count one per value, whatever the function; a pool one per value of
    its window; other layers as in their traits. Dropout and layers that only move values count nothing.
    """
    layer, traits, values = step.node.entry, traits_of(step.node.entry.name), prod(step.output_shape or ())
    if traits is None:
        return 2 * macs
    operations = 2 * macs + traits.operations * values + traits.input_operations * prod(step.input_shapes[0] or ())
    if layer.name in POOLS:
        operations += prod(pair(layer.get("pool_size"))) * values
    elif layer.name in MERGES and layer.name != "Concatenate":
        operations += (len(step.input_shapes) - 1) * values
    elif macs:
        operations += values * bool(layer.get("use_bias"))
        operations += values * (applied_activation(layer) != "linear")
    return operations


def applied_activation(layer: Entry) -> str:
    """The activation that a layer applies to its output by an argument; `linear` for none."""
    activation = layer.get("activation")
    return activation if isinstance(activation, str) else "linear"
