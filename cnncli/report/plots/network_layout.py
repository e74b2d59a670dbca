"""Where the boxes and lines of a network go: a chain from top to bottom, with branches to its right.

Boxes stand on a grid of rows and lanes. Below a box there is one that takes from it, or room for its lines: so lines
that do not belong together never share a way down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from cnncli.report.network_boxes import Box

WIDTH = 178.0  # of a box; as all lengths here in points
HEAD, STRIP = 27.0, 13.0  # heights: of the first layer in a box, of each that follows
BOX_GAP, ROW_GAP, COLUMN_GAP = 30.0, 24.0, 46.0  # between boxes side by side, below each other, between columns
TRACK, LABEL, PAD = 7.0, 14.0, 8.0  # between lines side by side, height of a block's name, inside its frame
SHORTEST_COLUMN = 8  # boxes
MOST_COLUMNS = 12
ASPECT = 1.5  # width by height that a picture in columns comes near to

Point = tuple[float, float]


@dataclass(frozen=True)
class Column:
    """Part of a network that is drawn from top to bottom.

    Args:
        boxes: Upper left corner of each box by its index, the first one repeated from the column before.
        lines: Corners of each line, from the lower edge of one box to the upper edge of another.
        frames: Left, top, right and bottom of each block by its name.
        width: Points.
        height: Points.
    """

    boxes: dict[int, Point]
    lines: list[list[Point]]
    frames: dict[str, tuple[float, float, float, float]]
    width: float
    height: float


def columns_of(boxes: Sequence[Box]) -> list[Column]:
    """Lays out boxes, each after those it takes from, in as many columns as make a picture of a usual shape.

    A column ends after a box when nothing but this box is used further down; the next column repeats it.
    """
    joints = _joints(boxes)
    most = max(1, min(MOST_COLUMNS, len(boxes) // SHORTEST_COLUMN))
    layouts = [
        [_Layout(boxes, column).column() for column in _divided(boxes, joints, len(boxes) / count)]
        for count in range(1, most + 1)
    ]
    return min(layouts, key=lambda columns: abs(log(_aspect(columns) / ASPECT)))


def _joints(boxes: Sequence[Box]) -> set[int]:
    """The boxes that are the only one used further down."""
    joints, reach = set(), 0
    last_use = {source: at for at, box in enumerate(boxes) for source in box.inputs}
    for at in range(len(boxes)):
        if reach <= at:
            joints.add(at)
        reach = max(reach, last_use.get(at, at))
    return joints


def _divided(boxes: Sequence[Box], joints: set[int], length: float) -> list[list[int]]:
    """Indices of the boxes in each column of about this length, best divided between two blocks."""
    columns, column = [], [0]
    for at in range(1, len(boxes)):
        column.append(at)
        between_blocks = at + 1 < len(boxes) and boxes[at].block != boxes[at + 1].block
        is_long = len(column) >= length or (between_blocks and len(column) >= 0.8 * length)
        if at in joints and is_long and len(boxes) - 1 - at > length / 3:
            columns.append(column)
            column = [at]
    return [*columns, column]


def _aspect(columns: Sequence[Column]) -> float:
    return sum(column.width + COLUMN_GAP for column in columns) / max(column.height for column in columns)


class _Layout:
    """A grid of rows from top to bottom and lanes from left to right, of which lines take the free cells."""

    def __init__(self, boxes: Sequence[Box], column: Sequence[int]) -> None:
        self.boxes = boxes
        self.own = column if column[0] == 0 else column[1:]  # the first one repeats a box
        self.cells: dict[int, tuple[int, int]] = {}  # lane and row of each box
        self.taken: dict[tuple[int, int], int] = {}  # box in a cell, or source of the line that passes through it
        self.margins: list[tuple[int, int, float, int]] = []  # rows and x of the lines beside the boxes, their sources
        for at in column:
            inputs = [self.cells[source] for source in boxes[at].inputs if source in self.cells]
            lane, row = (inputs[0][0] if inputs else 0), max((row + 1 for _, row in inputs), default=0)
            while not self._is_free(lane, row, boxes[at].inputs):
                lane += 1
            self.cells[at] = lane, row
            self.taken[lane, row] = at
        self.edges = [(source, at) for at in column[1:] for source in boxes[at].inputs]
        self.ways = {edge: self._way(*edge) for edge in self.edges}

    def _is_free(self, lane: int, row: int, inputs: Sequence[int]) -> bool:
        """Whether a box can stand there: below an empty cell or one of its inputs, above an empty cell."""
        above = self.taken.get((lane, row - 1))
        return (above is None or above in inputs) and not {(lane, row), (lane, row + 1)} & self.taken.keys()

    def _way(self, source: int, target: int) -> float:
        """The x at which a line goes down: in the lane of one of its ends where that is free, else beside the boxes."""
        (from_lane, upper), (to_lane, lower) = self.cells[source], self.cells[target]
        if lower == upper + 1:
            return _middle(to_lane)
        for lane, rows in ((from_lane, range(upper + 1, lower + 1)), (to_lane, range(upper, lower))):
            cells = [(lane, row) for row in rows if (lane, row) not in ((from_lane, upper), (to_lane, lower))]
            if all(self.taken.get(cell, source) == source for cell in cells):
                self.taken |= dict.fromkeys(cells, source)
                return _middle(lane)
        x = max(_left(lane) for lane, row in self.cells.values() if upper < row < lower) + WIDTH + 12
        beside = {line for line in self.margins if line[0] < lower and upper < line[1] and line[3] != source}
        while any(abs(line[2] - x) < TRACK for line in beside):
            x += TRACK
        self.margins.append((upper, lower, x, source))
        return x

    def _height(self, at: int) -> float:
        return HEAD + STRIP * (len(self.boxes[at].rows) - 1)

    def column(self) -> Column:
        """Coordinates of everything."""
        tracks = self._tracks()
        tops, bottoms = self._rows(tracks)
        corners = {at: (_left(lane), tops[row]) for at, (lane, row) in self.cells.items()}
        lines = [self._line(edge, tracks, tops, bottoms) for edge in self.edges]
        frames = dict(self._frames(corners))
        right = max([x + WIDTH for x, _ in corners.values()] + [x for line in lines for x, _ in line])
        return Column(corners, lines, frames, right + PAD + 1, max(bottoms) + PAD)

    def _tracks(self) -> Mapping[int, dict[int, int]]:
        """For the gap below each row: the number, from above, of each sideways line by its net.

        Lines that part from a box do so above those that meet at one, else they would seem joined.
        """
        nets: Mapping[int, set[int]] = defaultdict(set)
        for (source, target), x in self.ways.items():
            (from_lane, upper), (to_lane, lower) = self.cells[source], self.cells[target]
            if x != _middle(from_lane):
                nets[upper].add(self._net(source, target))
            if x != _middle(to_lane):
                nets[lower - 1].add(target)
        return defaultdict(dict, {gap: {net: at for at, net in enumerate(sorted(nets[gap]))} for gap in nets})

    def _net(self, source: int, target: int) -> int:
        """Key of the lines that a line first goes sideways with: those from its source, as a negative number.

        The only line of a box goes with those to its target when that is in the next row.
        """
        is_next = self.cells[target][1] == self.cells[source][1] + 1
        is_only = sum(edge[0] == source for edge in self.edges) == 1
        return target if is_next and is_only else -1 - source

    def _rows(self, tracks: Mapping[int, dict[int, int]]) -> tuple[list[float], list[float]]:
        """Top and bottom of each row."""
        starts: dict[str, int] = {}
        for at in self.own:
            block, row = self.boxes[at].block, self.cells[at][1]
            starts[block] = min(row, starts.get(block, row))
        opened = {row for block, row in starts.items() if block}
        tops, bottoms, y = [], [], LABEL + 1 if 0 in opened else 1.0
        for row in range(1 + max(row for _, row in self.cells.values())):
            tops.append(y)
            bottoms.append(y + max(self._height(at) for at, cell in self.cells.items() if cell[1] == row))
            y = bottoms[-1] + ROW_GAP + TRACK * max(0, len(tracks[row]) - 1) + (LABEL if row + 1 in opened else 0)
        return tops, bottoms

    def _line(
        self, edge: tuple[int, int], tracks: Mapping[int, dict[int, int]], tops: list[float], bottoms: list[float]
    ) -> list[Point]:
        source, target = edge
        (from_lane, upper), (to_lane, lower) = self.cells[source], self.cells[target]
        x, start, end = self.ways[edge], _middle(from_lane), _middle(to_lane)
        line = [(start, tops[upper] + self._height(source))]
        if x != start:
            y = bottoms[upper] + PAD + TRACK * tracks[upper][self._net(source, target)]
            line += [(start, y), (x, y)]
        if x != end:
            y = bottoms[lower - 1] + PAD + TRACK * tracks[lower - 1][target]
            line += [(x, y), (end, y)]
        return [*line, (end, tops[lower])]

    def _frames(self, corners: Mapping[int, Point]) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
        for block in {self.boxes[at].block: None for at in self.own}:
            own = [at for at in self.own if self.boxes[at].block == block]
            left, top = (min(corners[at][axis] for at in own) for axis in (0, 1))
            right = max(corners[at][0] for at in own) + WIDTH
            bottom = max(corners[at][1] + self._height(at) for at in own)
            others = [corners[at] for at in corners if at not in own]
            if block and not any(left <= x < right and top <= y < bottom for x, y in others):
                yield block, (left - PAD, top - LABEL, right + PAD, bottom + PAD / 2)


def _left(lane: int) -> float:
    return PAD + 1 + lane * (WIDTH + BOX_GAP)


def _middle(lane: int) -> float:
    return _left(lane) + WIDTH / 2
