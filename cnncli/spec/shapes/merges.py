"""The shape after a layer that makes one result of several."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.catalog.entries import Entry
from cnncli.spec.shapes.terms import DoesNotFit, Shape, times


def merged(layer: Entry, shapes: Sequence[Shape]) -> Shape:
    """The shape after a layer that makes one result of several.

    Raises:
        DoesNotFit: the layer cannot join these shapes.
    """
    result = shapes[0]
    for shape in shapes[1:]:
        result = _concatenated(layer, result, shape) if layer.name == "Concatenate" else _broadcast(result, shape)
    return result


def _broadcast(first: Shape, second: Shape) -> Shape:
    """The shape of a sum; an axis of 1 is as long as it needs to be, and missing axes in front are such."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    padded = (1,) * (len(longer) - len(shorter)) + shorter
    if all(a == b or 1 in (a, b) for a, b in zip(longer, padded, strict=True)):
        return tuple(b if a == 1 else a for a, b in zip(longer, padded, strict=True))
    raise DoesNotFit(f"it is given {times(first)} and {times(second)}; {_way_out(first, second)}")


def _way_out(first: Shape, second: Shape) -> str:
    if len(first) != len(second):
        return "one of them is flat; join them before or after Flatten, both alike"
    if first[:-1] == second[:-1]:
        return "a 1×1 convolution makes as many channels of one as the other has"
    same = " and a 1×1 convolution the channels" if first[-1] != second[-1] else ""
    return f"strides and 'padding: same' alike on both ways make the sizes equal{same}"


def _concatenated(layer: Entry, first: Shape, second: Shape) -> Shape:
    rank, axis = len(first), layer.get("axis")
    place = axis - 1 if axis > 0 else rank + axis
    if len(second) != rank:
        raise DoesNotFit(f"it is given {times(first)} and {times(second)}; {_way_out(first, second)}")
    if axis == 0 or not 0 <= place < rank:
        raise DoesNotFit(f"there is no axis {axis} to join along; axis -1 is that of the channels")
    if [*first[:place], *first[place + 1 :]] != [*second[:place], *second[place + 1 :]]:
        what = "channels" if place == rank - 1 and rank > 1 else f"axis {axis}"
        raise DoesNotFit(
            f"it joins the {what} of {times(first)} and {times(second)}, whose other sizes differ; "
            "strides and 'padding: same' alike on all ways make them equal"
        )
    return (*first[:place], first[place] + second[place], *first[place + 1 :])
