"""What a layer computes for one image: multiplications with an addition (MACs), and all operations (FLOPs)."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.factory.walk import Call

CONVOLUTIONS = {"Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"}
SEPARABLE = {"SeparableConv1D", "SeparableConv2D"}
TRANSPOSED = {"Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"}
RECURRENT = {"LSTM", "GRU", "SimpleRNN"}
POOLS = {f"{kind}Pooling{axes}D" for kind in ("Max", "Average") for axes in (1, 2, 3)}
GLOBAL_POOLS = {f"Global{pool}" for pool in POOLS}
ADAPTIVE_POOLS = {f"Adaptive{pool}" for pool in POOLS}
MERGES = {"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"}
ACTIVATIONS = {"Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"}

# Operations for each value of the output, or of the input where one value is made of many.
_PER_OUTPUT = {
    **dict.fromkeys(ACTIVATIONS, 1),
    **dict.fromkeys(("Rescaling", "Normalization", "BatchNormalization"), 2),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization"), 5),
    **dict.fromkeys(("LayerScale", "CustomScaleLayer"), 1),
}
_PER_INPUT = dict.fromkeys(GLOBAL_POOLS | ADAPTIVE_POOLS, 1)


def kind_of(layer: Any) -> str:
    """The Keras class of a layer."""
    return type(layer).__name__


def macs_of(call: Call) -> int | None:
    """Multiplications with an addition of one call; None where nobody knows.

    Convolutions apply their kernel at each place of their output, transposed ones at each place of their input; a
    dense layer applies it once for each vector, a recurrent one once for each step. What an equation leaves out of its
    result is what it sums over.
    """
    layer, given, output = call.layer, call.given[0], call.output
    kind = kind_of(layer)
    if kind in ("SpectralNormalization", "TimeDistributed", "Bidirectional"):
        return _inside_wrapper(call)
    if kind in CONVOLUTIONS or kind == "Dense":
        return prod(output[:-1]) * prod(layer.kernel.shape)
    if kind in SEPARABLE:
        return prod(output[:-1]) * (prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape))
    if kind in TRANSPOSED:
        return prod(given[:-1]) * prod(layer.kernel.shape)
    if kind == "EinsumDense":
        return _of_equation(layer, output)
    if kind in RECURRENT:
        return given[0] * (prod(layer.cell.kernel.shape) + prod(layer.cell.recurrent_kernel.shape))
    # A weight of one axis is added or multiplied once; of more, it is a kernel that this table does not know.
    unknown = kind not in _PER_OUTPUT and any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))
    return None if unknown else 0


def _of_equation(layer: Any, output: tuple[int, ...]) -> int | None:
    """Of `abc,cd->abd` the output times `c`; None where something is summed that meets no weight."""
    operands, _, result = layer.equation.partition("->")
    given, _, kernel = operands.partition(",")
    if not set(given) <= {*kernel, *result}:
        return None
    summed = [size for letter, size in zip(kernel, layer.kernel.shape, strict=True) if letter not in result]
    return prod(output) * prod(summed)


def _inside_wrapper(call: Call) -> int | None:
    layer, given, output = call.layer, call.given[0], call.output

    def inside(wrapped: Any, given: tuple[int, ...], output: tuple[int, ...]) -> int | None:
        return macs_of(Call(wrapped, call.inputs, (given,), output, call.item_bytes, call.owner, call.first))

    if kind_of(layer) == "SpectralNormalization":
        return inside(layer.layer, given, output)
    if kind_of(layer) == "TimeDistributed":
        once = inside(layer.layer, given[1:], output[1:])
        return None if once is None else given[0] * once
    both = [inside(each, given, output) for each in (layer.forward_layer, layer.backward_layer)]
    return None if None in both else sum(count or 0 for count in both)


def flops_of(call: Call, macs: int) -> int:
    """Additions and multiplications of one call.

    A MAC is two. An activation counts as one for each value, whatever its function; a pool one for each value in its
    window; batch normalisation two for each value, other normalisations five. Dropout and layers that only move
    values count nothing.

    Args:
        call: of a layer.
        macs: as `macs_of` says.
    """
    layer, values = call.layer, prod(call.output)
    kind = kind_of(layer)
    operations = 2 * macs + _PER_OUTPUT.get(kind, 0) * values + _PER_INPUT.get(kind, 0) * prod(call.given[0])
    if kind in POOLS:
        operations += prod(_sizes(layer.pool_size)) * values
    elif kind in MERGES:
        operations += (len(call.given) - 1) * values
    elif macs:
        operations += values * bool(getattr(layer, "use_bias", getattr(layer, "bias_axes", False)))
        operations += values * (activation_of(layer) != "linear")
    return operations


def activation_of(layer: Any) -> str:
    """The name of the activation that a layer applies to its result; `linear` for none."""
    function = getattr(layer, "activation", None)
    return "linear" if function is None else str(getattr(function, "__name__", kind_of(function)))


def _sizes(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)
