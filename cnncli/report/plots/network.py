"""The network as a plot: a chain of boxes from top to bottom, with its side branches to the right.

A box is a layer with those that share it. Every box has a row of its own, so a line beside the boxes can reach each of
them without crossing another.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate, groupby, pairwise
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from cnncli.records import ModelSummary
from cnncli.report.artifacts import NotApplicable, StartData
from cnncli.report.network_boxes import Box, boxes_of, colors_of, name_in_block
from cnncli.report.plots import style, text_layout
from cnncli.wording import counted, dimensions

WIDTH, MARGIN = 178.0, 7.0  # of a box, and beside its text; as all lengths here in points
INDENT = WIDTH / 2 + 14  # of side branches; leaves the middle of the chain free
HEAD, STRIP = 27.0, 13.0  # heights: of the first layer in a box, of each that follows
ROW_GAP, COLUMN_GAP = 17.0, 40.0  # between boxes, between columns
TRACK, LABEL, PAD = 7.0, 14.0, 8.0  # between lines side by side, height of a block's name, inside its frame
ASPECT = 1.5  # width by height that a picture in columns comes near to

EDGE, TOP = 18.0, 56.0  # around everything, for the heading
TEXT = 7.5
LINE = "#7d7d7d"
MOST_LAYERS = 300  # of a network that is drawn for each run; a larger plot takes seconds and is unreadable
MOST_PIXELS = 20_000  # along one side

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


def write_network(start: StartData, path: Path) -> None:
    """Draws the network for a run, unless it has more than `MOST_LAYERS` layers."""
    summary = start.summary()
    if len(summary.layers) > MOST_LAYERS:
        picture = f"a picture of {len(summary.layers):,} layers"
        raise NotApplicable(f"{picture} is too large to read; 'cnncli summary RUN --plot PNG' draws it anyway")
    draw_network(summary, path, start.title)


def draw_network(summary: ModelSummary, path: Path, title: str = "Network") -> None:
    """Draws which layer takes the output of which, with class, name, arguments and output shape.

    The longest path is a chain from top to bottom, other layers are side branches. Layers of a block, whose names share
    what is before the dot, are in one frame. A long network continues in the next column, which repeats the last box.
    """
    with style.applied([title, *(row.name for row in summary.rows)]):
        style.save(figure_of(summary, title), path)


def figure_of(summary: ModelSummary, title: str) -> Figure:
    """The figure of `draw_network`; to be created and saved in one `style.applied` block."""
    title = text_layout.drawable(title)
    boxes = boxes_of(summary)
    columns = columns_of(boxes)
    layers = counted(len(summary.layers), "layer")
    below = f"{layers} · {summary.parameters:,} parameters · {summary.macs:,} MACs for one image"
    heading = max(text_layout.text_width(title, style.TITLE, "bold"), text_layout.text_width(below, style.NORMAL))
    across = sum(column.width + COLUMN_GAP for column in columns) - COLUMN_GAP
    down = max(column.height for column in columns)
    width, height = max(across, heading) + 2 * EDGE, down + TOP + EDGE
    dpi = style.DPI if max(width, height) < 1000 else style.DPI_OF_BIG
    figure = style.new_figure(width / 72, height / 72, min(dpi, int(MOST_PIXELS * 72 / max(width, height))))
    style.heading(figure, title, below, left=EDGE)
    left = 0.0
    for number, column in enumerate(columns):
        place = (EDGE + left) / width, EDGE / height, column.width / width, down / height
        axes = figure.add_axes(place, xlim=(0, column.width), ylim=(down, 0))  # points, from the upper left
        axes.set_axis_off()
        _draw_column(axes, boxes, column, is_continued=number > 0)
        left += column.width + COLUMN_GAP
    return figure


def _draw_column(axes: Axes, boxes: Sequence[Box], column: Column, is_continued: bool) -> None:
    for name, (left, top, right, bottom) in column.frames:
        look: dict[str, Any] = {"facecolor": "#fafafa", "edgecolor": style.LINE, "linewidth": 0.8}
        axes.add_artist(FancyBboxPatch((left, top), right - left, bottom - top, boxstyle="round,pad=0", **look))
        label = text_layout.shorten(text_layout.drawable(name), WIDTH / 2 - 12, TEXT)
        axes.text(left + 6, top + LABEL / 2 - 1, label, size=TEXT, color=style.FAINT, va="center")
    axes.add_collection(LineCollection(column.lines, colors=LINE, linewidths=1.0))
    look = {"linestyle": "", "markersize": 4, "color": LINE, "markeredgewidth": 0}
    ends = [line[-1] for line in column.lines if len(line) == 2]
    axes.plot([x for x, _ in ends], [y - 3 for _, y in ends], marker="v", **look)
    ends = [line[-1] for line in column.lines if len(line) > 2]
    axes.plot([x + 3 for x, _ in ends], [y for _, y in ends], marker="<", **look)
    for at, place in column.boxes.items():
        _draw_box(axes, boxes[at], place, is_copy=is_continued and at == min(column.boxes))


def _draw_box(axes: Axes, box: Box, place: Point, is_copy: bool) -> None:
    first, *others = box.rows
    left, top = place
    fill, mark = colors_of(first.kind)
    look: dict[str, Any] = {"edgecolor": mark, "linewidth": 0.7, "linestyle": "--" if is_copy else "-"}
    axes.add_artist(Rectangle(place, WIDTH, HEAD + STRIP * len(others), facecolor="white", **look))
    axes.add_artist(Rectangle(place, WIDTH, HEAD, facecolor="white" if is_copy else fill, **look))
    _write(axes, left, top + 8, (first.kind, "bold", style.INK), (first.details, style.INK))
    shape = (dimensions(first.output_shape), style.INK)
    _write(axes, left, top + 19.5, (name_in_block(first), "normal", style.FAINT), shape)
    for number, row in enumerate(others):
        name = "" if row.kind.lower() in row.name.replace("_", "").lower() else name_in_block(row)
        kind = (f"{row.kind} {row.details}".strip(), "normal", style.INK)
        _write(axes, left, top + HEAD + STRIP * (number + 0.5) + 0.5, kind, (name, style.FAINT))


def _write(axes: Axes, left: float, y: float, begin: tuple[str, str, str], end: tuple[str, str]) -> None:
    """Text on the left and on the right of a box; what is on the right gives way."""
    text, weight, color = begin
    common: dict[str, Any] = {"size": TEXT, "va": "center_baseline"}
    room = WIDTH - 2 * MARGIN
    text = text_layout.shorten(text_layout.drawable(text), room, TEXT, weight)
    axes.text(left + MARGIN, y, text, color=color, weight=weight, **common)
    rest = room - text_layout.text_width(text, TEXT, weight) - 8
    if end[0] and rest > 20:
        other = text_layout.shorten(text_layout.drawable(end[0]), rest, TEXT)
        axes.text(left + WIDTH - MARGIN, y, other, color=end[1], ha="right", **common)


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
