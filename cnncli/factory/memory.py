"""What training holds in memory: what backpropagation keeps of each layer, gradients, and the optimizer's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from cnncli.factory.cost import (
    CONVOLUTIONS,
    GLOBAL_POOLS,
    POOLS,
    RECURRENT,
    SEPARABLE,
    TRANSPOSED,
    activation_of,
    kind_of,
)
from cnncli.factory.walk import IMAGE, Call, item_bytes
from cnncli.records import TrainingMemory

if TYPE_CHECKING:
    import keras

_KERNELS = CONVOLUTIONS | SEPARABLE | TRANSPOSED | {"Dense", "EinsumDense"}
_MAX_POOLS = {pool for pool in POOLS | GLOBAL_POOLS if "Max" in pool}
_NORMALISATIONS = {"BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization"}
_INPUT_FOR_GRADIENT = _MAX_POOLS | _NORMALISATIONS | {"Maximum", "Minimum", "Multiply", "PReLU", "UnitNormalization"}
_OUTPUT_FOR_GRADIENT = _MAX_POOLS | {"ELU", "LeakyReLU", "ReLU", "Softmax"}
_OUTPUT_TELLS = {"elu", "relu", "relu6", "selu", "sigmoid", "softmax", "tanh"}
"""Activations whose gradient is reckoned from their result; others need what they were given."""
_SAME_VALUES = {"ActivityRegularization", "Flatten", "Identity", "Reshape"}
_MASKS = {"Dropout", "AlphaDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"}


def kept_bytes(calls: Sequence[Call]) -> list[int]:
    """What backpropagation keeps of each call for one image, in bytes; a result that two layers need counts once.

    A kernel's gradient needs what the layer was given, that of a ReLU its result, that of a normalisation what it was
    given, that of a sum nothing. Below the first layer that is trained nothing is kept.
    """
    made_of: list[int] = []  # the call whose memory the result lies in
    flows: list[bool] = []  # whether the gradient must pass
    wanted: set[int] = set()
    own = []  # what a call keeps beside results
    for at, call in enumerate(calls):
        same = kind_of(call.layer) in _SAME_VALUES and call.inputs[0] != IMAGE
        made_of.append(made_of[call.inputs[0]] if same else at)
        trained = bool(getattr(call.layer, "trainable_weights", ()))
        above = any(index != IMAGE and flows[index] for index in call.inputs)
        flows.append(trained or above)
        needs_input, needs_output, beside = _needs(call, trained, above) if flows[at] else (False, False, 0)
        wanted |= {made_of[index] for index in call.inputs if needs_input and index != IMAGE}
        wanted |= {made_of[at]} if needs_output else set()
        own.append(beside)
    return [own[at] + (bytes_of(call) if at in wanted else 0) for at, call in enumerate(calls)]


def bytes_of(call: Call) -> int:
    """Memory of the result of a call for one image."""
    return prod(call.output) * call.item_bytes


def _needs(call: Call, trained: bool, above: bool) -> tuple[bool, bool, int]:
    """Whether the gradient needs what the layer was given, whether its result, and the bytes of what lies between."""
    kind, values = kind_of(call.layer), prod(call.output)
    if kind in ("TimeDistributed", "SpectralNormalization", "Bidirectional"):
        return _inside_wrapper(call, trained, above)
    if kind in RECURRENT or kind.startswith("ConvLSTM"):
        return trained, False, _of_steps(call)
    function = activation_of(call.layer)
    if kind in _KERNELS:
        tells, computed = function in _OUTPUT_TELLS, item_bytes(call.layer.compute_dtype)
        between = 0 if tells or function == "linear" else values * computed
        if trained and computed > call.item_bytes:  # on a copy of what it is given
            return False, tells, between + sum(prod(shape) * computed for shape in call.given)
        return trained, tells, between
    if kind == "Activation":
        return function not in _OUTPUT_TELLS and function != "linear", function in _OUTPUT_TELLS, 0
    if kind in _NORMALISATIONS and call.item_bytes < 4 and not _takes_half(call):
        return False, False, 4 * values  # they reckon in float32, on a copy
    if kind in _MASKS:
        return False, False, values  # one byte says whether a value was dropped
    if kind == "GaussianDropout":
        return False, False, values * call.item_bytes
    return kind in _INPUT_FOR_GRADIENT, kind in _OUTPUT_FOR_GRADIENT, 0


def _inside_wrapper(call: Call, trained: bool, above: bool) -> tuple[bool, bool, int]:
    layer, times = call.layer, 1
    if kind_of(layer) == "Bidirectional":
        inner = [replace(call, layer=each) for each in (layer.forward_layer, layer.backward_layer)]
    elif kind_of(layer) == "TimeDistributed":
        times = call.given[0][0]
        inner = [replace(call, layer=layer.layer, given=(call.given[0][1:],), output=call.output[1:])]
    else:
        inner = [replace(call, layer=layer.layer)]
    needs = [_needs(each, trained, above) for each in inner]
    return any(need[0] for need in needs), any(need[1] for need in needs), times * sum(need[2] for need in needs)


def _of_steps(call: Call) -> int:
    """What a recurrent layer keeps of its steps: at each its gates, its state and its result."""
    layer = call.layer
    units = layer.filters if hasattr(layer, "filters") else layer.units
    gates = layer.cell.kernel.shape[-1] // units
    places = prod(call.output[1 if layer.return_sequences else 0 : -1])  # more than one of a convolution
    return int(call.given[0][0] * places * units * (gates + 2) * call.item_bytes)


def _takes_half(call: Call) -> bool:
    """Whether a normalisation takes numbers of two bytes as they are."""
    from cnncli.factory.layers import BatchNormalization

    return isinstance(call.layer, BatchNormalization) and call.layer.takes_bfloat16(call.output[-1])


def training_memory(model: keras.Model, calls: Sequence[Call], batch_size: int) -> TrainingMemory:
    """What one training step holds.

    Args:
        model: compiled.
        calls: of the model.
        batch_size: images in one step.
    """
    trained = model.trainable_variables
    if not model.optimizer.built:
        model.optimizer.build(trained)
    most = max(bytes_of(call) + sum(prod(shape) * call.item_bytes for shape in call.given) for call in calls)
    return TrainingMemory(
        batch_size=batch_size,
        weights=bytes_of_weights(model.weights),
        gradients=bytes_of_weights(trained),
        optimizer=bytes_of_weights(model.optimizer.variables),
        activations=sum(kept_bytes(calls)) * batch_size,
        working=most * batch_size,
    )


def bytes_of_weights(weights: Sequence[keras.Variable]) -> int:
    """Memory of weights or other variables."""
    return sum(prod(weight.shape) * item_bytes(weight.dtype) for weight in weights)
