"""The receptive field: how much of the image one value of a layer's output depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, gcd, lcm
from typing import Any, Literal

from cnncli.factory.cost import (
    ACTIVATIONS,
    ADAPTIVE_POOLS,
    CONVOLUTIONS,
    GLOBAL_POOLS,
    MERGES,
    POOLS,
    RECURRENT,
    SEPARABLE,
    TRANSPOSED,
    kind_of,
)
from cnncli.factory.walk import IMAGE, Call

LONGEST_PERIOD = 4096
"""Positions told apart along an axis; only absurd enlargements need more."""


@dataclass(frozen=True)
class Axis:
    """What each position along one axis of a tensor sees: the pixels from its first to its last.

    What position i sees, position i + period sees `step` pixels further on. The period is 1 unless something was
    enlarged. The edges of the image are not looked at: pixels may lie outside.

    Args:
        firsts: of the positions of one period.
        lasts: of the same.
        step: pixels.
    """

    firsts: tuple[int, ...] = (0,)
    lasts: tuple[int, ...] = (0,)
    step: int = 1

    @property
    def size(self) -> int:
        """Pixels that the position that sees most sees."""
        return max(last - first + 1 for first, last in zip(self.firsts, self.lasts, strict=True))

    def first(self, position: int) -> int:
        """The first pixel that a position sees."""
        turn, place = divmod(position, len(self.firsts))
        return self.firsts[place] + turn * self.step

    def last(self, position: int) -> int:
        """The last pixel that a position sees."""
        turn, place = divmod(position, len(self.lasts))
        return self.lasts[place] + turn * self.step

    def window(self, size: int, stride: int, before: int) -> Axis:
        """After a window that begins `before` positions ahead of the first one and moves by a stride."""
        period = len(self.firsts) // gcd(len(self.firsts), stride)
        step = self.step * stride * period // len(self.firsts)
        return self._reaching(period, step, lambda i: (i * stride - before, i * stride - before + size - 1))

    def enlarged(self, factor: int, reach: Callable[[int], tuple[int, int]]) -> Axis:
        """After each position became `factor` of them; `reach` says which earlier ones a new one takes."""
        return self._reaching(len(self.firsts) * factor, self.step, reach)

    def _reaching(self, period: int, step: int, reach: Callable[[int], tuple[int, int]]) -> Axis:
        if period > LONGEST_PERIOD:
            raise Unknown
        ranges = [reach(position) for position in range(period)]
        return Axis(
            tuple(self.first(min(pair)) for pair in ranges), tuple(self.last(max(pair)) for pair in ranges), step
        )

    def joined(self, other: Axis) -> Axis:
        """What two branches see together at the same position."""
        period = lcm(len(self.firsts), len(other.firsts))
        step = self.step * period // len(self.firsts)
        if period > LONGEST_PERIOD or step != other.step * period // len(other.firsts):
            raise Unknown
        places = range(period)
        return Axis(
            tuple(min(self.first(i), other.first(i)) for i in places),
            tuple(max(self.last(i), other.last(i)) for i in places),
            step,
        )


class Unknown(Exception):
    """What a layer sees cannot be said."""


ReceptiveField = tuple[Axis, ...] | Literal["image"] | None
"""What the values of a tensor see: along each axis, or all of the image; None when it is not known."""

_POINTWISE = (
    ACTIVATIONS
    | MERGES
    | {"ActivityRegularization", "AlphaDropout", "Concatenate", "CustomScaleLayer", "Dense", "Dropout"}
    | {"GaussianDropout", "GaussianNoise", "Identity", "LayerScale", "Normalization", "Rescaling", "SpatialDropout2D"}
    | {"BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"}
    | {"ReverseChannels", "SpatialDropout1D", "SpatialDropout3D", "StochasticDepth"}
)
_ALL_OF_IT = (
    GLOBAL_POOLS
    | RECURRENT
    | {"Bidirectional", "ConvLSTM1D", "EinsumDense", "Flatten", "Permute", "RepeatVector", "Reshape", "TimeDistributed"}
)
_TAPS = {"bilinear": 1, "bicubic": 2, "lanczos3": 3, "lanczos5": 5}


def receptive_fields(calls: Sequence[Call]) -> list[ReceptiveField]:
    """What the result of each call sees.

    Convolutions, pools and enlargements are followed exactly, whatever their strides and padding; where branches
    meet, it is what they see together. Normalisation counts as pointwise, though some kinds look at the mean of the
    image. From the first global pool or Flatten on it is the whole image.
    """
    sights: list[ReceptiveField] = []
    for call in calls:
        taken = [(Axis(), Axis()) if index == IMAGE else sights[index] for index in call.inputs]
        try:
            sights.append(_sight(call.layer, taken, call.given[0], call.output))
        except Unknown:
            sights.append(None)
    return sights


def size_of(sight: ReceptiveField) -> tuple[int, ...] | Literal["image"] | None:
    """Height and width in pixels of what is seen."""
    return tuple(axis.size for axis in sight) if isinstance(sight, tuple) else sight


def _sight(
    layer: Any, taken: Sequence[ReceptiveField], given: tuple[int, ...], output: tuple[int, ...]
) -> ReceptiveField:
    kind = kind_of(layer)
    if kind == "SpectralNormalization":
        return _sight(layer.layer, taken, given, output)
    sight = _together(taken)
    if kind in _ALL_OF_IT or sight == "image":
        return "image"
    if not isinstance(sight, tuple) or len(given) != len(sight) + 1:
        return None
    if kind in _POINTWISE:
        return sight
    follow = next((follow for kinds, follow in _FOLLOWED if kind in kinds), None)
    if follow is None:
        return None
    return tuple(follow(layer, sight[at], at, given[at], output[at]) for at in range(len(sight)))


def _together(taken: Sequence[ReceptiveField]) -> ReceptiveField:
    if "image" in taken:
        return "image"
    joined = taken[0]
    for sight in taken[1:]:
        if not isinstance(joined, tuple) or not isinstance(sight, tuple) or len(joined) != len(sight):
            return None
        joined = tuple(one.joined(other) for one, other in zip(joined, sight, strict=True))
    return joined


def _before(padding: str, size: int, stride: int, given: int, output: int) -> int:
    """Zeros ahead of the first position: with `same`, half of what is needed, rounded down."""
    return max((output - 1) * stride + size - given, 0) // 2 if padding == "same" else 0


def _convolution(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    size = (layer.kernel_size[at] - 1) * layer.dilation_rate[at] + 1
    stride = layer.strides[at]
    return axis.window(size, stride, _before(layer.padding, size, stride, given, output))


def _pool(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    size, stride = layer.pool_size[at], layer.strides[at]
    return axis.window(size, stride, _before(layer.padding, size, stride, given, output))


def _transposed(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    size = (layer.kernel_size[at] - 1) * layer.dilation_rate[at] + 1
    stride = layer.strides[at]
    cut = _before(layer.padding, size, stride, output, given)
    return axis.enlarged(stride, lambda i: (-((size - 1 - i - cut) // stride), (i + cut) // stride))


def _upsampling(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    factor, taps = layer.size[at], _TAPS.get(layer.interpolation, 0)
    if not taps:
        return axis.enlarged(factor, lambda i: (i // factor, i // factor))

    def reach(position: int) -> tuple[int, int]:
        middle = (position + 0.5) / factor - 0.5
        return floor(middle) - taps + 1, floor(middle) + taps

    return axis.enlarged(factor, reach)


def _padding(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    return axis.window(1, 1, layer.padding[at][0])


def _cropping(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    return axis.window(1, 1, -layer.cropping[at][0])


def _adaptive(layer: Any, axis: Axis, at: int, given: int, output: int) -> Axis:
    if given % output:  # windows of different sizes
        raise Unknown
    return axis.window(given // output, given // output, 0)


_FOLLOWED = (
    (CONVOLUTIONS | SEPARABLE, _convolution),
    (POOLS, _pool),
    (TRANSPOSED, _transposed),
    ({"UpSampling2D"}, _upsampling),
    ({"ZeroPadding2D"}, _padding),
    ({"Cropping2D"}, _cropping),
    (ADAPTIVE_POOLS, _adaptive),
)
