"""The receptive field: how much of the image one value of a layer's output depends on.

Source:
    Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import CONVOLUTIONS, POOLS, traits_of
from cnncli.spec.graph import IMAGE
from cnncli.spec.shapes.network_shapes import Step
from cnncli.spec.shapes.terms import Shape, border_of, window_of


@dataclass(frozen=True)
class Axis:
    """The pixels that the positions along one axis of a tensor depend on; they may lie outside the image."""

    first: int = 0  # first pixel that position 0 depends on
    last: int = 0  # last pixel that it depends on
    step: int = 1  # pixels from the field of one position to that of the next

    @property
    def size(self) -> int:
        """Pixels that one position depends on."""
        return self.last - self.first + 1

    def window(self, size: int, stride: int, before: int) -> Axis:
        """The axis after a window that starts `before` positions ahead of the first one and moves by a stride."""
        first, last = -before * self.step, (size - 1 - before) * self.step
        return Axis(self.first + first, self.last + last, self.step * stride)

    def joined(self, other: Axis) -> Axis:
        """The pixels that two branches of the same step depend on together."""
        return Axis(min(self.first, other.first), max(self.last, other.last), self.step)


ReceptiveField = tuple[Axis, Axis] | Literal["image"] | None
"""Height and width of a receptive field; `image` for all of the image, None where it is unknown."""


def receptive_fields(steps: Sequence[Step]) -> list[ReceptiveField]:
    """The receptive field of each layer's output.

    Exact for convolutions and pools, whatever their strides and padding; None after a layer that enlarges the image.
    Normalisation counts as pointwise, though some kinds use the mean of the image. From the first global pool or
    Flatten on it is the image.
    """
    fields: list[ReceptiveField] = []
    for step in steps:
        inputs = [(Axis(), Axis()) if index == IMAGE else fields[index] for index in step.node.inputs]
        fields.append(_through(step.node.entry, _joined(inputs), step.input_shapes[0], step.output_shape))
    return fields


def field_size(field: ReceptiveField) -> tuple[int, int] | Literal["image"] | None:
    """Height and width of a receptive field in pixels."""
    return (field[0].size, field[1].size) if isinstance(field, tuple) else field


def _joined(inputs: Sequence[ReceptiveField]) -> ReceptiveField:
    if "image" in inputs:
        return "image"
    joined = inputs[0]
    for field in inputs[1:]:
        if not isinstance(joined, tuple) or not isinstance(field, tuple):
            return None
        if any(axis.step != other.step for axis, other in zip(joined, field, strict=True)):
            return None
        joined = joined[0].joined(field[0]), joined[1].joined(field[1])
    return joined


def _through(layer: Entry, field: ReceptiveField, inputs: Shape | None, output: Shape | None) -> ReceptiveField:
    """The field after a layer."""
    traits = traits_of(layer.name)
    if field == "image" or (traits and traits.field == "image"):
        return "image"
    if not isinstance(field, tuple) or traits is None or inputs is None or output is None or len(inputs) != 3:
        return None
    if traits.field == "same":
        return field
    if traits.group == "border":
        before = [side[0] if layer.name == "ZeroPadding2D" else -side[0] for side in border_of(layer)]
        return field[0].window(1, 1, before[0]), field[1].window(1, 1, before[1])
    if layer.name not in CONVOLUTIONS | POOLS:
        return None
    window, strides = window_of(layer)
    height, width = (
        axis.window(size, stride, _padded_before(layer, size, stride, before, after))
        for axis, size, stride, before, after in zip(field, window, strides, inputs[:2], output[:2], strict=True)
    )
    return height, width


def _padded_before(layer: Entry, size: int, stride: int, inputs: int, outputs: int) -> int:
    """Zeros ahead of the first position: with `same`, half of what is needed, rounded down."""
    return max((outputs - 1) * stride + size - inputs, 0) // 2 if layer.get("padding") == "same" else 0
