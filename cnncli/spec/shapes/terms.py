"""The vocabulary of shapes: sizes, pairs, windows, and the error of a layer that does not fit."""

from __future__ import annotations

from typing import Any

from cnncli.catalog.entries import Entry

Shape = tuple[int, ...]
"""Sizes of a tensor without the batch: `(height, width, channels)` or `(values,)`."""


class ShapeError(Exception):
    """A layer cannot take its input shape.

    Args:
        reason: Completes "does not fit here: …".
        output_shape: Output shape once the mistake is fixed, where it is certain; else None.
    """

    def __init__(self, reason: str, output_shape: Shape | None = None) -> None:
        super().__init__(reason)
        self.output_shape = output_shape


def pair(value: Any) -> tuple[Any, Any]:
    """One value for both axes, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def window_of(layer: Entry) -> tuple[tuple[int, int], tuple[int, int]]:
    """Window and strides of a convolution or pool, dilation included; both (height, width)."""
    window = pair(layer.get("pool_size") or layer.get("kernel_size"))
    strides = pair(layer.get("strides") or window)
    height, width = pair(layer.get("dilation_rate") or 1)
    return ((window[0] - 1) * height + 1, (window[1] - 1) * width + 1), strides


def border_of(layer: Entry) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows before and after, columns before and after, that are padded or cropped."""
    height, width = pair(layer.get("padding" if layer.name == "ZeroPadding2D" else "cropping"))
    return pair(height), pair(width)


def units_of(value: int | str, classes: int) -> int:
    """A number of units or filters; the word `classes` stands for the number of classes."""
    return classes if isinstance(value, str) else value
