"""The network as a plot: a box for each layer, with what follows it at once, and lines for what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from cnncli.records import LayerRow, ModelSummary
from cnncli.report.artifacts import LeftOut, StartData
from cnncli.report.network_boxes import Box, boxes_of, colors_of, name_in_block, rows_of
from cnncli.report.plots import style, text_layout
from cnncli.report.plots.network_layout import COLUMN_GAP, HEAD, LABEL, STRIP, WIDTH, Column, Point, columns_of

INDENT, EDGE, TOP = 9.0, 18.0, 56.0  # points: left of letters, around all, for the heading
TEXT = 7.5  # points
MOST_LAYERS = 300  # of a network that is drawn for each run; a larger plot takes seconds and is unreadable
MOST_PIXELS = 20_000  # along one side

LINE = "#7d7d7d"


def write_network(start: StartData, path: Path) -> None:
    """Draws the network for a run.

    Args:
        start: What is known when a training starts.
        path: File to write, ending in .png.

    Raises:
        LeftOut: It has more than `MOST_LAYERS` layers.
    """
    summary = start.summary()
    if len(summary.layers) > MOST_LAYERS:
        layers = f"{len(summary.layers):,} layers"
        raise LeftOut(f"a picture of {layers} is too large to read; 'cnncli summary RUN --plot PNG' draws it anyway")
    draw_network(summary, path, start.title)


def draw_network(summary: ModelSummary, path: Path, title: str = "Network") -> None:
    """Draws which layer takes the output of which, with class, name, arguments and output shape.

    Layers of a block, whose names share what stands before the dot, are in one frame. A long network continues in the
    next column, which repeats the last box.

    Args:
        summary: Summary of any number of layers.
        path: File to write, ending in .png.
        title: Title above the picture.
    """
    with style.applied([title, *(row.name for row in summary.rows)]):
        style.save(figure_of(summary, title), path)


def figure_of(summary: ModelSummary, title: str) -> Figure:
    """The figure of `draw_network`; to be created and saved in one `style.applied` block."""
    title = text_layout.drawable(title)
    boxes = boxes_of(summary.rows)
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
        _draw_column(axes, summary, boxes, column, repeats=number > 0)
        left += column.width + COLUMN_GAP
    return figure


def _draw_column(axes: Axes, summary: ModelSummary, boxes: Sequence[Box], column: Column, repeats: bool) -> None:
    for name, (left, top, right, bottom) in column.frames.items():
        look: dict[str, Any] = {"facecolor": "#fafafa", "edgecolor": style.LINE, "linewidth": 0.8}
        axes.add_artist(FancyBboxPatch((left, top), right - left, bottom - top, boxstyle="round,pad=0", **look))
        label = text_layout.shorten(text_layout.drawable(name), WIDTH / 2 - 12, TEXT)
        behind = {"facecolor": "#fafafa", "edgecolor": "none", "pad": 0.8}  # lines may pass
        axes.text(left + 6, top + LABEL / 2 - 1, label, size=TEXT, color=style.FAINT, va="center", bbox=behind)
    axes.add_collection(LineCollection(column.lines, colors=LINE, linewidths=1.0))
    ends = [(line[-1][0], line[-1][1] - 3) for line in column.lines]
    axes.plot(*zip(*ends, strict=True), linestyle="", marker="v", markersize=4, color=LINE, markeredgewidth=0)
    for at, place in column.boxes.items():
        _draw_box(axes, rows_of(boxes[at], summary), place, is_copy=repeats and at == min(column.boxes))


def _draw_box(axes: Axes, rows: Sequence[LayerRow], place: Point, is_copy: bool) -> None:
    first, *others = rows
    left, top = place
    fill, mark = colors_of(first.kind)
    height = HEAD + STRIP * len(others)
    axes.add_artist(Rectangle(place, WIDTH, height, facecolor="white"))
    axes.add_artist(Rectangle(place, WIDTH, HEAD, facecolor="white" if is_copy else fill))
    axes.add_artist(Rectangle(place, 3, height, facecolor=mark))
    dashes = "--" if is_copy else "-"
    axes.add_artist(Rectangle(place, WIDTH, height, fill=False, edgecolor=mark, linewidth=0.7, linestyle=dashes))
    _write(axes, left, top + 8, (first.kind, "bold", style.INK), (first.details, style.INK))
    shape = "×".join(map(str, first.output_shape))
    _write(axes, left, top + 19.5, (name_in_block(first), "normal", style.FAINT), (shape, style.INK))
    for number, row in enumerate(others):
        y = top + HEAD + STRIP * number
        axes.add_artist(Rectangle((left + 3.5, y - 0.3), WIDTH - 4, 0.6, facecolor=style.LINE))
        name = "" if row.kind.lower() in row.name.replace("_", "").lower() else name_in_block(row)
        kind = (f"{row.kind} {row.details}".strip(), "normal", style.INK)
        _write(axes, left, y + STRIP / 2 + 0.5, kind, (name, style.FAINT))


def _write(axes: Axes, left: float, y: float, begin: tuple[str, str, str], end: tuple[str, str]) -> None:
    """Text on the left and on the right of a box; what is on the right gives way."""
    text, weight, color = begin
    common: dict[str, Any] = {"size": TEXT, "va": "center_baseline"}
    room = WIDTH - INDENT - 6
    text = text_layout.shorten(text_layout.drawable(text), room, TEXT, weight)
    axes.text(left + INDENT, y, text, color=color, weight=weight, **common)
    rest = room - text_layout.text_width(text, TEXT, weight) - 8
    if end[0] and rest > 20:
        other = text_layout.shorten(text_layout.drawable(end[0]), rest, TEXT)
        axes.text(left + WIDTH - 6, y, other, color=end[1], ha="right", **common)
