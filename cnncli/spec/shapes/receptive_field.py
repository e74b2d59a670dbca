"""The receptive field: how much of the image one value of a layer's output depends on.

Source:
    Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks" (Distill, 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, gcd, lcm
from typing import Literal

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import kinds, traits_of
from cnncli.spec.graph import IMAGE
from cnncli.spec.shapes.network_shapes import Step
from cnncli.spec.shapes.terms import Shape, border_of, kernel_of, pair, window_of

LONGEST_PERIOD = 4096
"""Positions of one period along an axis; only absurd enlargements need more, and would take long."""


@dataclass(frozen=True)
class Axis:
    """The pixels that each position along one axis of a tensor depends on, from the first to the last.

    Position i + period depends on the pixels `step` beyond those of position i. The period is 1 unless something was
    enlarged. The edges of the image are ignored: pixels may lie outside.

    Args:
        firsts: First pixel of each position of one period.
        lasts: Last pixel of the same.
        step: Pixels from one period to the next.
    """

    firsts: tuple[int, ...] = (0,)
    lasts: tuple[int, ...] = (0,)
    step: int = 1

    @property
    def size(self) -> int:
        """Pixels of the position that depends on most."""
        return max(last - first + 1 for first, last in zip(self.firsts, self.lasts, strict=True))

    def first(self, position: int) -> int:
        """The first pixel that a position depends on."""
        turn, place = divmod(position, len(self.firsts))
        return self.firsts[place] + turn * self.step

    def last(self, position: int) -> int:
        """The last pixel that a position depends on."""
        turn, place = divmod(position, len(self.lasts))
        return self.lasts[place] + turn * self.step

    def window(self, size: int, stride: int, before: int) -> Axis:
        """The axis after a window that starts `before` positions ahead of the first one and moves by a stride."""
        period = len(self.firsts) // gcd(len(self.firsts), stride)
        step = self.step * stride * period // len(self.firsts)
        return self._reaching(period, step, lambda i: (i * stride - before, i * stride - before + size - 1))

    def enlarged(self, factor: int, reach: Callable[[int], tuple[int, int]]) -> Axis:
        """The axis after each position became `factor` of them; `reach` gives the earlier ones of a new one."""
        return self._reaching(len(self.firsts) * factor, self.step, reach)

    def _reaching(self, period: int, step: int, reach: Callable[[int], tuple[int, int]]) -> Axis:
        if period > LONGEST_PERIOD:
            raise _Unknown
        ranges = [reach(position) for position in range(period)]
        return Axis(
            tuple(self.first(min(pair)) for pair in ranges), tuple(self.last(max(pair)) for pair in ranges), step
        )

    def joined(self, other: Axis) -> Axis:
        """The pixels that two branches depend on together at the same position."""
        period = lcm(len(self.firsts), len(other.firsts))
        step = self.step * period // len(self.firsts)
        if period > LONGEST_PERIOD or step != other.step * period // len(other.firsts):
            raise _Unknown
        places = range(period)
        return Axis(
            tuple(min(self.first(i), other.first(i)) for i in places),
            tuple(max(self.last(i), other.last(i)) for i in places),
            step,
        )


class _Unknown(Exception):
    """The receptive field cannot be computed."""


ReceptiveField = tuple[Axis, Axis] | Literal["image"] | None
"""Height and width of a receptive field; `image` for all of the image, None where it is unknown."""


def receptive_fields(steps: Sequence[Step], shortest: bool = False) -> list[ReceptiveField]:
    """The receptive field of each layer's output.

    Exact for convolutions, pools and enlargements, whatever their strides and padding. Normalisation counts as
    pointwise, though some kinds use the mean of the image. From the first global pool or Flatten on it is the image.

    Args:
        steps: The network with its shapes.
        shortest: Where branches meet, take the smallest field and not what they cover together.
    """
    fields: list[ReceptiveField] = []
    for step in steps:
        inputs = [(Axis(), Axis()) if index == IMAGE else fields[index] for index in step.node.inputs]
        try:
            field = _shortest(inputs) if shortest else _joined(inputs)
            fields.append(_through(step.node.entry, field, step.input_shapes[0], step.output_shape))
        except _Unknown:
            fields.append(None)
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
        joined = joined[0].joined(field[0]), joined[1].joined(field[1])
    return joined


def _shortest(inputs: Sequence[ReceptiveField]) -> ReceptiveField:
    fields = [field for field in inputs if isinstance(field, tuple)]
    if not fields or None in inputs:
        return inputs[0] if len(inputs) == 1 else None
    return min(fields, key=lambda field: field[0].size * field[1].size)


def _through(layer: Entry, field: ReceptiveField, inputs: Shape | None, output: Shape | None) -> ReceptiveField:
    """The field after a layer."""
    traits = traits_of(layer.name)
    if layer.name == "SpectralNormalization":
        return _through(layer.get("layer"), field, inputs, output)
    if field == "image" or (traits and traits.field == "image"):
        return "image"
    if not isinstance(field, tuple) or traits is None or inputs is None or output is None or len(inputs) != 3:
        return None
    if traits.field == "same":
        return field
    rule = _RULES[layer.name]
    return rule(layer, field[0], 0, inputs[0], output[0]), rule(layer, field[1], 1, inputs[1], output[1])


def _padded_before(padding: str, size: int, stride: int, inputs: int, output: int) -> int:
    """Zeros ahead of the first position: with `same`, half of what is needed, rounded down."""
    return max((output - 1) * stride + size - inputs, 0) // 2 if padding == "same" else 0


def _window(layer: Entry, axis: Axis, at: int, inputs: int, output: int) -> Axis:
    window, strides = window_of(layer)
    size, stride = window[at], strides[at]
    return axis.window(size, stride, _padded_before(layer.get("padding"), size, stride, inputs, output))


def _transposed(layer: Entry, axis: Axis, at: int, inputs: int, output: int) -> Axis:
    size, stride = kernel_of(layer)[at], pair(layer.get("strides"))[at]
    cut = _padded_before(layer.get("padding"), size, stride, output, inputs)
    return axis.enlarged(stride, lambda i: (-((size - 1 - i - cut) // stride), (i + cut) // stride))


_TAPS = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}
"""Pixels on each side that an interpolation uses."""


def _upsampling(layer: Entry, axis: Axis, at: int, inputs: int, output: int) -> Axis:
    factor, taps = pair(layer.get("size"))[at], _TAPS.get(layer.get("interpolation"), 0)
    if not taps:
        return axis.enlarged(factor, lambda i: (i // factor, i // factor))

    def reach(position: int) -> tuple[int, int]:
        middle = (position + 0.5) / factor - 0.5
        return floor(middle) - taps + 1, floor(middle) + taps

    return axis.enlarged(factor, reach)


def _border(layer: Entry, axis: Axis, at: int, inputs: int, output: int) -> Axis:
    before = border_of(layer)[at][0]
    return axis.window(1, 1, before if layer.name == "ZeroPadding2D" else -before)


def _adaptive(layer: Entry, axis: Axis, at: int, inputs: int, output: int) -> Axis:
    if inputs % output:  # windows of different sizes
        raise _Unknown
    return axis.window(inputs // output, inputs // output, 0)


_Rule = Callable[[Entry, Axis, int, int, int], Axis]

_RULES: Mapping[str, _Rule] = {
    **dict.fromkeys(kinds("convolution", "pool"), _window),
    **dict.fromkeys(kinds("adaptive pool"), _adaptive),
    **dict.fromkeys(kinds("border"), _border),
    "Conv2DTranspose": _transposed,
    "UpSampling2D": _upsampling,
}
