"""What an entry of the spec becomes: steps, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from cnncli.catalog import Entry
from cnncli.data.augment.draws import SampleRandom
from cnncli.startup import tf

Shape = tuple[int, int, int]
"""Height, width and channels of an image."""

Operation = Callable[[tf.Tensor, SampleRandom], tf.Tensor]
"""Takes images, uint8 or float32 from 0 to 255, and their random numbers; gives images of the same shape."""

MixOperation = Callable[[tf.Tensor, tf.Tensor, SampleRandom], tuple[tf.Tensor, tf.Tensor]]
"""The same, with labels in and out."""


class Fill(NamedTuple):
    """How pixels between and beyond the pixels of an image are made up; `value` is for the mode `constant`."""

    mode: str
    value: float
    interpolation: str


@dataclass(frozen=True)
class Geometry:
    """A random movement of the picture, kept as a matrix so that several can become one.

    For each image, the matrix `(3, 3)` takes a pixel of the result `(x, y, 1)` to its place in the source; float64.
    Without a fill it is a flip, which needs no pixels beyond or between those there are.
    """

    matrices: Callable[[SampleRandom], tf.Tensor]
    fill: Fill | None


@dataclass(frozen=True)
class Mix:
    """A step that makes one picture of two, and of their labels."""

    operation: MixOperation


Step = Geometry | Operation | Mix
Build = Callable[[Entry, Shape], list[Step]]


def around_zero(value: Any) -> tuple[float, float]:
    """The range of an argument that a single number gives both ends of: 0.2 is from -0.2 to 0.2."""
    if isinstance(value, list | tuple):
        return min(value), max(value)
    return -abs(value), abs(value)


def from_zero(value: Any) -> tuple[float, float]:
    """The range of an argument that a single number gives the high end of: 0.2 is from 0 to 0.2."""
    if isinstance(value, list | tuple):
        return min(value), max(value)
    return 0.0, value


def randomly(change: Callable[..., tf.Tensor], *ranges: tuple[float, float]) -> Operation:
    """An operation that draws a strength for each image from each range and passes them, `(batch,)` float64, on."""

    def operation(images: tf.Tensor, draws: SampleRandom) -> tf.Tensor:
        return change(images, *draws.between(*ranges))

    return operation


def by_factor(
    change: Callable[..., tf.Tensor],
    reach: Callable[[Any], tuple[float, float]] = from_zero,
    *more: tuple[float, float],
    only_colour: bool = False,
) -> Build:
    """A builder of entries whose strength is drawn from the range of their `factor`; grey images may be left alone."""

    def build(entry: Entry, shape: Shape) -> list[Step]:
        applies = shape[2] == 3 or not only_colour
        return [randomly(change, reach(entry.get("factor")), *more)] if applies else []

    return build


def per_image(numbers: tf.Tensor) -> tf.Tensor:
    """Numbers of images made ready to meet their pixels."""
    return tf.cast(numbers, tf.float32)[:, None, None, None]  # (batch, 1, 1, 1)


def floats(images: tf.Tensor) -> tf.Tensor:
    """The same images as float32."""
    return tf.cast(images, tf.float32)
