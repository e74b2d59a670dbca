"""Activation memory: what backpropagation stores of each layer's output until the gradient is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from cnncli.catalog.layer_traits import NORMALIZATIONS, WEIGHTED, Need, traits_of
from cnncli.spec.graph import IMAGE
from cnncli.spec.shapes.network_shapes import Step
from cnncli.spec.shapes.operations import applied_activation

_FROM_OUTPUT = {"elu", "relu", "relu6", "selu", "sigmoid", "softmax", "tanh"}
"""Activations whose gradient is a function of their output; the others need their input."""

_SAME_VALUES = {"ActivityRegularization", "Flatten", "Identity", "Reshape"}
"""Layers whose output lies in the memory of their input."""


@dataclass(frozen=True)
class Numerics:
    """How a layer computes."""

    trains: bool = False  # whether it has weights that training changes
    output_bytes: int = 4  # size of one value of its output
    compute_bytes: int = 4  # size of one value inside the layer; where larger, the layer works on a copy of its input


def output_bytes(step: Step, numerics: Numerics) -> int:
    """Memory of a layer's output for one image."""
    return prod(step.output_shape or ()) * numerics.output_bytes


def activation_bytes(steps: Sequence[Step], numerics: Sequence[Numerics]) -> list[int]:
    """What backpropagation stores of each layer for one image, in bytes.

    The gradient of a kernel needs the layer's input, that of a ReLU its output, that of a normalisation its input, that
    of a sum nothing. An output that two layers need is stored once. Below the first layer that trains nothing is
    stored: no gradient passes there.
    """
    owner: list[int] = []  # the step in whose memory the output of a step lies
    differentiable: list[bool] = []  # whether the gradient passes through a step
    stored: set[int] = set()
    extra = []  # bytes that a step stores beside outputs
    for at, (step, how) in enumerate(zip(steps, numerics, strict=True)):
        first = step.node.inputs[0]
        owner.append(owner[first] if step.node.entry.name in _SAME_VALUES and first != IMAGE else at)
        inputs = [index for index in step.node.inputs if index != IMAGE]
        differentiable.append(how.trains or any(differentiable[index] for index in inputs))
        needs, beside = _needs(step, how) if differentiable[at] else (frozenset[Need](), 0)
        if "input" in needs:
            stored |= {owner[index] for index in inputs}
        if "output" in needs:
            stored.add(owner[at])
        extra.append(beside)
    return [
        extra[at] + (output_bytes(step, how) if at in stored else 0)
        for at, (step, how) in enumerate(zip(steps, numerics, strict=True))
    ]


def _needs(step: Step, how: Numerics) -> tuple[frozenset[Need], int]:
    """Whether the gradient needs input and output, and the bytes that are stored beside them."""
    layer, values = step.node.entry, prod(step.output_shape or ())
    traits = traits_of(layer.name)
    if traits is None:
        return frozenset(), 0
    activation = applied_activation(layer)
    from_output = frozenset[Need]({"output"}) if activation in _FROM_OUTPUT else frozenset[Need]()
    if layer.name in WEIGHTED:
        between = 0 if from_output or activation == "linear" else values * how.compute_bytes
        if how.trains and how.compute_bytes > how.output_bytes:
            return from_output, between + sum(prod(shape or ()) * how.compute_bytes for shape in step.input_shapes)
        return from_output | ({"input"} if how.trains else set()), between
    if layer.name == "Activation":
        return from_output or (frozenset() if activation == "linear" else frozenset({"input"})), 0
    if layer.name in NORMALIZATIONS and how.compute_bytes > how.output_bytes:
        return frozenset(), how.compute_bytes * values
    beside = values * ("mask" in traits.needs) + values * how.output_bytes * ("noise" in traits.needs)
    return traits.needs, beside
