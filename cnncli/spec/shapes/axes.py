"""Whether the axes that a layer names are axes of its input."""

from __future__ import annotations

from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import NORMALIZATIONS
from cnncli.spec.shapes.terms import Shape, ShapeError
from cnncli.wording import dimensions, shown


def check_axes(layer: Entry, shape: Shape) -> None:
    """Refuses axes that an input of a shape without the batch does not have; Keras finds some in the first step.

    Raises:
        ShapeError: An axis is not there, is named twice, or the mask of a dropout does not fit.
    """
    if layer.name in NORMALIZATIONS or layer.name == "Softmax":
        _require_axes(layer.get("axis"), shape)
    elif layer.name == "PReLU":
        _require_axes(layer.get("shared_axes") or [], shape)
    elif layer.name == "Permute" and sorted(layer.get("dims")) != list(range(1, len(shape) + 1)):
        numbers = f"the numbers from 1 to {len(shape)}, each once" if len(shape) > 1 else "1 alone"
        raise ShapeError(f"its input of {dimensions(shape)} takes 'dims' of {numbers}, not {shown(layer.get('dims'))}")
    elif layer.name in ("Dropout", "AlphaDropout"):
        _require_mask(layer.get("noise_shape"), shape)


def _require_axes(named: Any, shape: Shape) -> None:
    axes, rank = named if isinstance(named, list) else [named], len(shape)
    for axis in axes:
        if not 1 <= abs(axis) <= rank:
            there = f"1 to {rank}, or -{rank} to -1 from the last" if rank > 1 else "1 alone, which is also -1"
            raise ShapeError(f"there is no axis {axis} of {dimensions(shape)}, which has the axes {there}", shape)
    if len({axis % (rank + 1) for axis in axes}) < len(axes):
        raise ShapeError(f"axis {shown(axes)} names an axis twice", shape)


def _require_mask(mask: Any, shape: Shape) -> None:
    """A mask has a size for each axis, batch included: null or 1 for all images, and 1 where values share a draw."""
    if mask is None:
        return
    fits = len(mask) == len(shape) + 1 and mask[0] in (None, 1)
    if not fits or any(size not in (None, 1, own) for size, own in zip(mask[1:], shape, strict=True)):
        raise ShapeError(
            f"'noise_shape' for {dimensions(shape)} has {len(shape) + 1} sizes: null for the images, then that of each "
            f"axis, or 1 where all values share a draw: [null, {'1, ' * (len(shape) - 1)}{shape[-1]}]",
            shape,
        )
