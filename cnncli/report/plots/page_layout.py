"""A layered network on a page: heights of the layers, columns when it is long, frames around blocks, lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from cnncli.report.plots.layered import Point, Slot, tracks_of

GAP, TRACK, LABEL, PAD = 20.0, 7.0, 13.0, 6.0  # points: between layers, a sideways line, a block's name, inside a frame
GUTTER = 44.0  # between columns
SHORTEST_COLUMN = 640.0
WIDE = 1.5  # width by height that a picture in columns comes near to


@dataclass(frozen=True)
class Frame:
    """Around a block, or the part of it that is in one column.

    Args:
        name: of the block.
        depth: how many blocks it is in.
        left: of the frame, as the others in points from the upper left.
        top: of the frame.
        right: of the frame.
        bottom: of the frame.
    """

    name: str
    depth: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Page:
    """Where everything is, in points from the upper left.

    Args:
        boxes: the middle of each box's upper edge.
        lines: each from one box to another, by its corners.
        frames: of the blocks, the outer before the inner.
        width: of all of it.
        height: of all of it.
    """

    boxes: dict[int, Point]
    lines: list[list[Point]]
    frames: list[Frame]
    width: float
    height: float


def page_of(layers: Sequence[Sequence[Slot]]) -> Page:
    """Puts layers below each other, in as many columns as make a picture that can be looked at."""
    tracks = [tracks_of(layer) for layer in layers]
    gaps = [_gap(layers, tracks, at) for at in range(len(layers))]
    heights = [max(slot.height for slot in layer) for layer in layers]
    columns = _columns(layers, gaps, heights)
    tops, shifts, right, bottom = [0.0] * len(layers), [0.0] * len(layers), 0.0, 0.0
    for column in columns:
        shown = [layers[at] for at in column]
        left = min(slot.x - slot.width / 2 - PAD * len(slot.group) for layer in shown for slot in layer)
        wide = max(slot.x + slot.width / 2 + PAD * len(slot.group) for layer in shown for slot in layer) - left
        down = _opened(layers, column[0], set())
        for at in column:
            tops[at], shifts[at] = down, right - left
            down += heights[at] + gaps[at]
        bottom = max(bottom, tops[column[-1]] + heights[column[-1]] + GAP)
        right += wide + GUTTER
    placed = {id(slot): (slot.x + shifts[at], tops[at]) for at, layer in enumerate(layers) for slot in layer}
    boxes = {slot.box: placed[id(slot)] for layer in layers for slot in layer if slot.box >= 0}
    frames = list(_frames(layers, columns, placed))
    lines = list(_lines(layers, columns, tracks, heights, placed))
    return Page(boxes, lines, frames, right - GUTTER, bottom)


def _groups(layer: Sequence[Slot]) -> set[tuple[str, ...]]:
    """The blocks that a layer passes through, those around them included."""
    return {slot.group[:depth] for slot in layer for depth in range(1, len(slot.group) + 1)}


def _opened(layers: Sequence[Sequence[Slot]], at: int, before: set[tuple[str, ...]]) -> float:
    """Room above a layer for the names of the blocks that begin there."""
    depths = {len(group) for group in _groups(layers[at]) - before}
    return len(depths) * (LABEL + PAD / 2)


def _gap(layers: Sequence[Sequence[Slot]], tracks: Sequence[dict[tuple[int, int], int]], at: int) -> float:
    """Room below a layer."""
    room = GAP + TRACK * max(tracks[at].values(), default=0)
    if at + 1 == len(layers):
        return room
    ended = {len(group) for group in _groups(layers[at]) - _groups(layers[at + 1])}
    return room + PAD * len(ended) + _opened(layers, at + 1, _groups(layers[at]))


def _columns(layers: Sequence[Sequence[Slot]], gaps: Sequence[float], heights: Sequence[float]) -> list[list[int]]:
    """Indices of the layers in each column. A column ends where only one box is taken from, best between two blocks."""
    total = sum(gaps) + sum(heights)
    wide = max(max(slot.x + slot.width / 2 for slot in layer) for layer in layers)
    wide -= min(min(slot.x - slot.width / 2 for slot in layer) for layer in layers)
    longest = max(SHORTEST_COLUMN, sqrt(total * (wide + GUTTER) / WIDE))
    # Columns of about the same height look better than a rest in the last one.
    longest = total / -(-total // longest) * 1.08
    worth = longest / 4  # a few boxes have no column of their own
    columns, start = [], 0
    while start < len(layers):
        end, best, down = len(layers), 0, 0.0
        for at in range(start, len(layers) - 1):
            down += heights[at] + gaps[at]
            if down > longest and best and sum(heights[best:]) + sum(gaps[best:]) > worth:
                end = best
                break
            if sum(bool(slot.below) for slot in layers[at]) == 1 and down > worth:
                between = not _groups(layers[at]) & _groups(layers[at + 1])
                if between or down > 0.75 * longest or not best:
                    best = at + 1
        columns.append(list(range(start, end)))
        start = end
    return columns


def _frames(
    layers: Sequence[Sequence[Slot]], columns: Sequence[Sequence[int]], placed: dict[int, Point]
) -> Iterator[Frame]:
    for column in columns:
        slots = [slot for at in column for slot in layers[at]]
        groups = sorted(
            {group for at in column for group in _groups(layers[at])}, key=lambda group: (len(group), group)
        )
        for group in groups:
            depth = len(group)
            own = [slot for slot in slots if slot.group[:depth] == group]
            inner = max(len(slot.group) for slot in own) - depth + 1
            first = min(slot.layer for slot in own)
            above = max(len(slot.group) for slot in own if slot.layer == first) - depth + 1
            last = max(slot.layer for slot in own)
            below = max(len(slot.group) for slot in own if slot.layer == last) - depth + 1
            yield Frame(
                name=group[-1],
                depth=depth - 1,
                left=min(placed[id(slot)][0] - slot.width / 2 for slot in own) - PAD * inner,
                top=min(placed[id(slot)][1] for slot in own) - above * (LABEL + PAD / 2) + PAD / 2,
                right=max(placed[id(slot)][0] + slot.width / 2 for slot in own) + PAD * inner,
                bottom=max(placed[id(slot)][1] + slot.height for slot in own) + PAD * below,
            )


def _lines(
    layers: Sequence[Sequence[Slot]],
    columns: Sequence[Sequence[int]],
    tracks: Sequence[dict[tuple[int, int], int]],
    heights: Sequence[float],
    placed: dict[int, Point],
) -> Iterator[list[Point]]:
    """Each line from the lower edge of one box, through its slots, to the upper edge of another."""
    gutters = {}  # right of each column but the last
    for column in columns[:-1]:
        slots = [slot for at in column for slot in layers[at]]
        right = max(placed[id(slot)][0] + slot.width / 2 + PAD * len(slot.group) for slot in slots)
        gutters[column[-1]] = right + GUTTER / 2

    def corners(upper: Slot, lower: Slot) -> list[Point]:
        """From one slot to one of the layer below it, or of the next column."""
        (from_x, top), (to_x, to_y) = placed[id(upper)], placed[id(lower)]
        ended = {len(group) for group in _groups(layers[upper.layer]) - _groups(layers[lower.layer])}
        under = top + heights[upper.layer] + PAD * len(ended) + 6
        if upper.layer in gutters:
            middle, over = gutters[upper.layer], to_y - _opened(layers, lower.layer, set()) - 8
            return [(from_x, under + 4), (middle, under + 4), (middle, over), (to_x, over), (to_x, to_y)]
        track = tracks[upper.layer].get((id(upper), id(lower)))
        if track is None:
            return [(to_x, to_y)]
        return [(from_x, under + TRACK * track), (to_x, under + TRACK * track), (to_x, to_y)]

    for source in (slot for layer in layers for slot in layer if slot.box >= 0):
        x, top = placed[id(source)]
        going = [(source, [(x, top + source.height)])]
        while going:
            upper, line = going.pop()
            for lower in upper.below:
                longer = [*line, *corners(upper, lower)]
                if lower.box >= 0:
                    yield _merged(longer)
                else:
                    going.append((lower, _merged(longer)))


def _merged(line: list[Point]) -> list[Point]:
    """The line without points on its way straight down."""
    kept = line[:1]
    for here, after in pairwise(line[1:]):
        if not abs(kept[-1][0] - here[0]) < 0.5 or not abs(here[0] - after[0]) < 0.5:
            kept.append(here)
    return [*kept, line[-1]]
