"""The output shape of a layer that merges several inputs into one output."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.catalog.entries import Entry
from cnncli.spec.shapes.terms import Shape, ShapeError
from cnncli.wording import dimensions


def merge_shape(layer: Entry, shapes: Sequence[Shape]) -> Shape:
    """The output shape of a layer with several inputs.

    Raises:
        ShapeError: The layer cannot join these shapes.
    """
    result = shapes[0]
    for shape in shapes[1:]:
        result = _concatenate(layer, result, shape) if layer.name == "Concatenate" else _broadcast(result, shape)
    return result


def _broadcast(first: Shape, second: Shape) -> Shape:
    """The shape of a sum: an axis of 1 fits any size, and so does a missing one in front."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    padded = (1,) * (len(longer) - len(shorter)) + shorter
    if all(a == b or 1 in (a, b) for a, b in zip(longer, padded, strict=True)):
        return tuple(b if a == 1 else a for a, b in zip(longer, padded, strict=True))
    raise ShapeError(f"its inputs are {dimensions(first)} and {dimensions(second)}; {_advice(first, second)}")


def _advice(first: Shape, second: Shape) -> str:
    if len(first) != len(second):
        return "one of them is flat; join them both before Flatten or both after it"
    if first[:-1] == second[:-1]:
        return "a 1×1 convolution gives one of them as many channels as the other has"
    channels = " and a 1×1 convolution the channels" if first[-1] != second[-1] else ""
    return f"the same strides and 'padding: same' in both branches make the sizes equal{channels}"


def _concatenate(layer: Entry, first: Shape, second: Shape) -> Shape:
    rank, axis = len(first), layer.get("axis")
    place = axis - 1 if axis > 0 else rank + axis
    if len(second) != rank:
        raise ShapeError(f"its inputs are {dimensions(first)} and {dimensions(second)}; {_advice(first, second)}")
    if axis == 0 or not 0 <= place < rank:
        raise ShapeError(f"there is no axis {axis} to join along; axis -1 is the channels")
    if [*first[:place], *first[place + 1 :]] != [*second[:place], *second[place + 1 :]]:
        what = "channels" if place == rank - 1 and rank > 1 else f"axis {axis}"
        raise ShapeError(
            f"it joins the {what} of {dimensions(first)} and {dimensions(second)}, whose other sizes differ; "
            "the same strides and 'padding: same' in all branches make them equal"
        )
    return (*first[:place], first[place] + second[place], *first[place + 1 :])
