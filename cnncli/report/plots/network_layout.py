"""Where the boxes and lines of a network go: a chain from top to bottom, with its side branches to the right.

Every box has a row of its own. So a line beside the boxes can reach each of them without crossing another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate, groupby, pairwise
from math import sqrt
from typing import NamedTuple

from cnncli.report.network_boxes import Box

WIDTH = 178.0  # of a box; as all lengths here in points
INDENT = WIDTH / 2 + 14  # of side branches; leaves the middle of the chain free
HEAD, STRIP = 27.0, 13.0  # heights: of the first layer in a box, of each that follows
ROW_GAP, COLUMN_GAP = 17.0, 40.0  # between boxes, between columns
TRACK, LABEL, PAD = 7.0, 14.0, 8.0  # between lines side by side, height of a block's name, inside its frame
ASPECT = 1.5  # width by height that a picture in columns comes near to

Point = tuple[float, float]


class Column(NamedTuple):
    """Part of a network that is drawn from top to bottom."""

    boxes: dict[int, Point]  # upper left corners by index; the first box is repeated from the column before
    lines: list[list[Point]]  # corners of each, from the edge of one box to that of another
    frames: list[tuple[str, tuple[float, float, float, float]]]  # block, and its left, top, right and bottom
    width: float
    height: float


def height_of(box: Box) -> float:
    """Height of a box in points."""
    return HEAD + STRIP * (len(box.rows) - 1)


def columns_of(boxes: Sequence[Box]) -> list[Column]:
    """Lays out boxes, each after those it takes from, in as many columns as make a picture of a usual shape.

    A column ends after a box when nothing but this box is used further down; the next column repeats it.
    """
    last_use = {source: at for at, box in enumerate(boxes) for source in box.inputs}
    reach = list(accumulate((last_use.get(at, 0) for at in range(len(boxes))), max))  # of each box and those before
    joints = [at for at in range(1, len(boxes) - 1) if reach[at - 1] <= at]
    ends = list(accumulate(height_of(box) + ROW_GAP for box in boxes))
    count = max(1, int(sqrt(ASPECT * ends[-1] / (WIDTH + COLUMN_GAP)))) if joints else 1
    parts = (ends[-1] * number / count for number in range(1, count))
    cuts = sorted({min(joints, key=lambda at: abs(ends[at] - part)) for part in parts})
    chain = _chain(boxes)
    return [_column(boxes, range(first, last + 1), chain) for first, last in pairwise([0, *cuts, len(boxes) - 1])]


def _chain(boxes: Sequence[Box]) -> set[int]:
    """Indices of the longest path from the image to the last box; what is not on it is drawn as a side branch."""
    depths: list[int] = []
    for box in boxes:
        depths.append(1 + max((depths[source] for source in box.inputs), default=0))
    at, chain = len(boxes) - 1, {len(boxes) - 1}
    while boxes[at].inputs:
        at = max(boxes[at].inputs, key=depths.__getitem__)
        chain.add(at)
    return chain


def _column(boxes: Sequence[Box], own: range, chain: Collection[int]) -> Column:
    corners: dict[int, Point] = {}
    frames = []
    y = 1.0
    for block, members in groupby(own, key=lambda at: boxes[at].block if at > own[0] else ""):
        top = y
        y += LABEL if block else 0
        sides = []
        for at in members:
            corners[at] = (PAD + 1 + (0 if at in chain else INDENT), y)
            sides.append(corners[at][0])
            y += height_of(boxes[at]) + ROW_GAP
        if block:
            frames.append((block, (min(sides) - PAD, top, max(sides) + WIDTH + PAD, y - ROW_GAP + PAD / 2)))
    lines = _lines(boxes, corners, chain)
    right = max([x + WIDTH for x, _ in corners.values()] + [x for line in lines for x, _ in line])
    return Column(corners, lines, frames, right + PAD + 1, y - ROW_GAP + PAD)


def _lines(boxes: Sequence[Box], corners: dict[int, Point], chain: Collection[int]) -> list[list[Point]]:
    """Straight lines to the next box, and lines beside the boxes to those further down, the shortest innermost."""
    lines: list[list[Point]] = []
    beside: dict[int, list[int]] = {}  # boxes to which a line goes, by the one where it starts
    bottoms = {at: y + height_of(boxes[at]) for at, (_, y) in corners.items()}
    for at, (x, y) in list(corners.items())[1:]:
        for source in boxes[at].inputs:
            if _is_next(source, at, chain):
                lines.append([(x + WIDTH / 2, bottoms[source]), (x + WIDTH / 2, y)])
            else:
                beside.setdefault(source, []).append(at)
    taken: list[tuple[int, int, float]] = []  # first and last box of each line, and its x
    for source in sorted(beside, key=lambda source: beside[source][-1] - source):
        last = beside[source][-1]
        x = WIDTH + 12 + max(corners[at][0] for at in range(source, last + 1))
        while any(source < end and start < last and abs(x - other) < TRACK for start, end, other in taken):
            x += TRACK
        taken.append((source, last, x))
        start = (corners[source][0] + WIDTH, bottoms[source] - 7)
        for left, top in (corners[at] for at in beside[source]):
            lines.append([start, (x, start[1]), (x, top + 8), (left + WIDTH, top + 8)])
    return lines


def _is_next(source: int, at: int, chain: Collection[int]) -> bool:
    """Whether nothing stands between two boxes: both are in the chain, or one below the other in a side branch."""
    if source in chain and at in chain:
        return not any(index in chain for index in range(source + 1, at))
    return at == source + 1 and not {source, at} & set(chain)
