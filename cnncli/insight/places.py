"""Which place in the image a cell of a feature map belongs to: the centre of what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from cnncli.catalog.layer_traits import traits_of

Shape = tuple[int | None, ...]


class Axis(NamedTuple):
    """The centres of the cells along one side of the image, in pixels; 0 is the centre of the first pixel."""

    first: float
    step: float

    def moved(self, cells: float) -> Axis:
        """The axis that begins so many cells later."""
        return Axis(self.first + self.step * cells, self.step)

    def stretched(self, before: int, after: int) -> Axis:
        """The axis of other cells that cover the same length."""
        ratio = before / after
        return Axis(self.first + self.step * (ratio - 1) / 2, self.step * ratio)


@dataclass(frozen=True)
class Place:
    """Where the cells of a tensor `(images, rows, columns, channels)` belong in the image.

    Args:
        rows: Centres along the height.
        columns: Centres along the width.
        is_learned: Whether a layer with a kernel lies between the image and the tensor.
    """

    rows: Axis
    columns: Axis
    is_learned: bool = False

    @classmethod
    def of_image(cls) -> Self:
        """The place of the image itself, whose cells are pixels."""
        return cls(Axis(0, 1), Axis(0, 1))


def place_after(layer: Any, inputs: Sequence[tuple[Place | None, Shape]], output: Shape) -> Place | None:
    """The place of a layer's output; None where its values belong to no place.

    Windows with padding `same` and strides lie off the middle, by half a cell of the last map in many networks; so maps
    must not simply be stretched over the image.

    Args:
        layer: The layer, or an operation that is none.
        inputs: Place and shape of each input.
        output: Shape of the output.
    """
    traits = traits_of(type(layer).__name__)
    known = [(place, shape) for place, shape in inputs if place is not None]
    if len(output) != 4 or not known or (traits and traits.group in ("reshape", "global pool")):
        return None
    place, shape = max(known, key=lambda each: (each[1][1] or 0) * (each[1][2] or 0))
    learned = any(each.is_learned for each, _ in known)
    learned = learned or any(len(weight.shape) > 1 for weight in getattr(layer, "weights", ()))
    inner = getattr(layer, "layer", layer)  # of a wrapper
    group = traits.group if traits else ""
    axes = []
    for side, axis in enumerate((place.rows, place.columns)):
        before, after = shape[side + 1] or 1, output[side + 1] or 1
        if group == "border":
            axes.append(axis.moved(inner.cropping[side][0] if hasattr(inner, "cropping") else -inner.padding[side][0]))
        elif group != "transposed" and (hasattr(inner, "kernel_size") or hasattr(inner, "pool_size")):
            axes.append(_under_windows(inner, side, axis, before, after))
        else:
            axes.append(axis.stretched(before, after))
    return replace(place, rows=axes[0], columns=axes[1], is_learned=learned)


def _under_windows(layer: Any, side: int, axis: Axis, before: int, after: int) -> Axis:
    """The axis after a convolution or pool. Padding lies half before and half behind the cells, an odd one behind.

    Source:
        TensorFlow's guide, "Neural Network", on padding (`tf.nn`).
    """
    window = layer.kernel_size if hasattr(layer, "kernel_size") else layer.pool_size
    dilation = layer.dilation_rate if hasattr(layer, "dilation_rate") else (1, 1)
    reach, stride = (window[side] - 1) * dilation[side], layer.strides[side]
    padding = max((after - 1) * stride + reach + 1 - before, 0) // 2 if layer.padding == "same" else 0
    moved = axis.moved(reach / 2 - padding)
    return Axis(moved.first, axis.step * stride)


def sampled(cells: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values between cells, by straight lines; beyond the outermost cells they stay, and at NaN there is 0.

    Args:
        cells: Shape `(rows, columns)`.
        rows: Positions among the rows of cells, 0 for the first, shape `(height,)`.
        columns: Positions among the columns, shape `(width,)`.

    Returns:
        float32, shape `(height, width)`.
    """
    down, across = _shares(rows, cells.shape[0]), _shares(columns, cells.shape[1])  # (height, rows), (width, columns)
    return down @ cells.astype(np.float32) @ across.T


def _shares(positions: np.ndarray, count: int) -> np.ndarray:
    """Share of each cell in each position, shape `(positions, cells)`, float32."""
    places = np.clip(np.nan_to_num(positions), 0, count - 1)[:, None]
    shares = np.maximum(1 - np.abs(places - np.arange(count)), 0)
    return np.where(np.isnan(positions)[:, None], 0, shares).astype(np.float32)
