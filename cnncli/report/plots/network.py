"""The network as a plot: a box for each layer and those that share it, and lines from its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from cnncli.records import ModelSummary
from cnncli.report.artifacts import LeftOut, StartData
from cnncli.report.network_boxes import Box, boxes_of, colors_of, name_in_block
from cnncli.report.plots import style, text_layout
from cnncli.report.plots.network_layout import COLUMN_GAP, HEAD, LABEL, STRIP, WIDTH, Column, Point, columns_of

INDENT, EDGE, TOP = 7.0, 18.0, 56.0  # points: beside letters, around all, for the heading
TEXT = 7.5  # points
MOST_LAYERS = 300  # of a network that is drawn for each run; a larger plot takes seconds and is unreadable
MOST_PIXELS = 20_000  # along one side

LINE = "#7d7d7d"


def write_network(start: StartData, path: Path) -> None:
    """Draws the network for a run, unless it has more than `MOST_LAYERS` layers."""
    summary = start.summary()
    if len(summary.layers) > MOST_LAYERS:
        layers = f"{len(summary.layers):,} layers"
        raise LeftOut(f"a picture of {layers} is too large to read; 'cnncli summary RUN --plot PNG' draws it anyway")
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
    layers = "1 layer" if len(summary.layers) == 1 else f"{len(summary.layers):,} layers"
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
    shape = "×".join(map(str, first.output_shape))
    _write(axes, left, top + 19.5, (name_in_block(first), "normal", style.FAINT), (shape, style.INK))
    for number, row in enumerate(others):
        name = "" if row.kind.lower() in row.name.replace("_", "").lower() else name_in_block(row)
        kind = (f"{row.kind} {row.details}".strip(), "normal", style.INK)
        _write(axes, left, top + HEAD + STRIP * (number + 0.5) + 0.5, kind, (name, style.FAINT))


def _write(axes: Axes, left: float, y: float, begin: tuple[str, str, str], end: tuple[str, str]) -> None:
    """Text on the left and on the right of a box; what is on the right gives way."""
    text, weight, color = begin
    common: dict[str, Any] = {"size": TEXT, "va": "center_baseline"}
    room = WIDTH - 2 * INDENT
    text = text_layout.shorten(text_layout.drawable(text), room, TEXT, weight)
    axes.text(left + INDENT, y, text, color=color, weight=weight, **common)
    rest = room - text_layout.text_width(text, TEXT, weight) - 8
    if end[0] and rest > 20:
        other = text_layout.shorten(text_layout.drawable(end[0]), rest, TEXT)
        axes.text(left + WIDTH - INDENT, y, other, color=end[1], ha="right", **common)
