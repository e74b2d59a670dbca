"""What shapes are spoken of in: sizes, pairs, windows, and why a layer does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.catalog.entries import Entry

Shape = tuple[int, ...]


class DoesNotFit(Exception):
    """A layer cannot take the shape it is given.

    Args:
        why: completes "does not fit here: …".
        result: the shape that it would give once it was mended, where that is sure; None where it is not.
    """

    def __init__(self, why: str, result: Shape | None = None) -> None:
        super().__init__(why)
        self.result = result


def times(shape: Sequence[int]) -> str:
    """A shape as people write it: `28×28×1`."""
    return "×".join(map(str, shape))


def pair(value: Any) -> tuple[Any, Any]:
    """One value for both axes, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def kernel_of(layer: Entry) -> tuple[int, int]:
    """The extent of a convolution's kernel, dilation included."""
    kernel, dilation = pair(layer.get("kernel_size")), pair(layer.get("dilation_rate"))
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def units_of(value: int | str, classes: int) -> int:
    """A number of units or filters, `classes` being the number of classes."""
    return classes if isinstance(value, str) else value
