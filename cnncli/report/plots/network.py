"""The network as a picture: a box for each layer, with what follows it at once, and lines for what it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path as Outline

from cnncli.records import LayerRow, ModelSummary
from cnncli.report.artifacts import LeftOut, StartData
from cnncli.report.plots import style, text_layout
from cnncli.report.plots.layered import layers_of
from cnncli.report.plots.page_layout import Frame, Page, Point, page_of

WIDTH = 178.0  # points, of a box
HEAD, STRIP, INDENT = 27.0, 13.0, 9.0  # points: of a layer with its name, of one that follows, left of letters
EDGE, TOP = 18.0, 56.0  # points: around all, for the heading
ROUND = 4.0
MOST_LAYERS = 300  # of a network that is drawn for each run; more take seconds, and nobody reads the picture
MOST_PIXELS = 20_000  # along one side

COLORS = (
    ("Conv", "#cfe3f2", style.BLUE),
    ("Pool", "#fbe0cf", style.VERMILLION),
    ("Dense", "#cfeadf", style.GREEN),
)
OTHER = ("#f1f1f1", "#8c8c8c")
IMAGE = -1
MERGES = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}


@dataclass(frozen=True)
class Stack:
    """A layer and those that follow it without changing the shape: drawn as one box.

    Args:
        rows: indices of the layers; -1 is the image.
        inputs: the earlier stacks that it takes from.
        group: names of the blocks it is in, the outermost first.
    """

    rows: tuple[int, ...]
    inputs: tuple[int, ...]
    group: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Points."""
        return HEAD + STRIP * (len(self.rows) - 1)


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
    """Draws which layer takes the output of which, with kind, name, arguments and output shape.

    Layers of a block, whose names share what stands before the dot, are in one frame; a long network goes on in the
    next column.

    Args:
        summary: of any number of layers.
        path: file to write, ending in .png.
        title: above the picture.
    """
    with style.applied([title, *(row.name for row in summary.rows)]):
        style.save(figure_of(summary, title), path)


def figure_of(summary: ModelSummary, title: str) -> Figure:
    """The figure of `draw_network`; to be made and saved in one `style.applied` block."""
    title = text_layout.drawable(title)
    stacks = stacks_of(summary.rows)
    sizes = [(WIDTH, stack.height) for stack in stacks]
    page = page_of(layers_of(sizes, [stack.inputs for stack in stacks], [stack.group for stack in stacks]))
    below = f"{len(summary.layers):,} layers · {summary.parameters:,} parameters · {summary.macs:,} MACs for one image"
    heading = max(text_layout.text_width(title, style.TITLE, "bold"), text_layout.text_width(below, style.NORMAL))
    width = max(page.width, heading) + 2 * EDGE
    height = page.height + TOP + EDGE
    wanted = style.DPI if max(width, height) < 1000 else style.DPI_OF_BIG
    figure = style.new_figure(width / 72, height / 72, min(wanted, int(MOST_PIXELS * 72 / max(width, height))))
    style.heading(figure, title, below, left=EDGE)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-(width - page.width) / 2, (width + page.width) / 2), ylim=(page.height + EDGE, -TOP))
    axes.set_axis_off()
    _draw(axes, summary, stacks, page)
    return figure


def stacks_of(rows: Sequence[LayerRow]) -> list[Stack]:
    """The boxes of a network, the image first."""
    takers = Counter(index for row in rows for index in row.inputs)
    stacks = [Stack((IMAGE,), ())]
    of_row = {IMAGE: 0}
    for at, row in enumerate(rows):
        group = tuple(row.name.split(".")[:-1])
        before = of_row[row.inputs[0]]
        stack = stacks[before]
        alone = len(row.inputs) == 1 and takers[row.inputs[0]] == 1 and stack.group == group
        if alone and _follows(row, rows[row.inputs[0]] if row.inputs[0] != IMAGE else None):
            of_row[at] = before
            stacks[before] = replace(stack, rows=(*stack.rows, at))
        else:
            of_row[at] = len(stacks)
            stacks.append(Stack((at,), tuple(of_row[index] for index in row.inputs), group))
    return stacks


def _follows(row: LayerRow, before: LayerRow | None) -> bool:
    """Whether a layer is drawn below the one before it in the same box: activations, normalisation, dropout.

    Below the image it is what cnncli itself does to the pixels.
    """
    if before is None:
        return row.kind in ("Rescaling", "LayerNormalization") and not row.parameters
    plain = row.macs == 0 and not row.inside and "Pooling" not in row.kind
    return plain and row.output_shape == before.output_shape


def _draw(axes: Axes, summary: ModelSummary, stacks: Sequence[Stack], page: Page) -> None:
    image = LayerRow("image", "Input", summary.input_shape, 0, 0, 0)
    for frame in page.frames:
        _draw_frame(axes, frame)
    for line in page.lines:
        _draw_line(axes, line)
    for index, stack in enumerate(stacks):
        left, top = page.boxes[index][0] - WIDTH / 2, page.boxes[index][1]
        _draw_stack(axes, [image if at == IMAGE else summary.rows[at] for at in stack.rows], left, top)


def _draw_frame(axes: Axes, frame: Frame) -> None:
    place, size = (frame.left, frame.top), (frame.right - frame.left, frame.bottom - frame.top)
    shade = "#fafafa" if frame.depth % 2 == 0 else "#f3f3f3"
    patch = FancyBboxPatch(
        place,
        *size,
        boxstyle=f"round,pad=0,rounding_size={ROUND}",
        facecolor=shade,
        edgecolor=style.LINE,
        linewidth=0.8,
    )
    axes.add_artist(patch)
    name = text_layout.shorten(text_layout.drawable(frame.name), WIDTH / 2 - 12, 7.5)
    behind = {"facecolor": shade, "edgecolor": "none", "pad": 0.8}  # lines may pass
    axes.text(frame.left + 6, frame.top + 3, name, size=7.5, color=style.FAINT, va="top", bbox=behind)


def _draw_line(axes: Axes, line: Sequence[Point]) -> None:
    """A line with rounded corners and an arrow at its end."""
    points, codes = [line[0]], [Outline.MOVETO]
    for before, here, after in zip(line, line[1:], line[2:], strict=False):
        points += [_towards(here, before), here, _towards(here, after)]
        codes += [Outline.LINETO, Outline.CURVE3, Outline.CURVE3]
    x, y = line[-1]
    points.append((x, y - 3))
    codes.append(Outline.LINETO)
    color = "#7d7d7d"
    axes.add_artist(PathPatch(Outline(points, codes), fill=False, edgecolor=color, linewidth=1.0))
    axes.add_artist(Polygon([(x, y), (x - 2.6, y - 5), (x + 2.6, y - 5)], facecolor=color, edgecolor="none"))


def _towards(here: Point, there: Point) -> Point:
    """A point on the way, as far from the corner as it is rounded."""
    across, down = there[0] - here[0], there[1] - here[1]
    length = max((across**2 + down**2) ** 0.5, 1e-9)
    share = min(ROUND / length, 0.5)
    return here[0] + across * share, here[1] + down * share


def _draw_stack(axes: Axes, rows: Sequence[LayerRow], left: float, top: float) -> None:
    first, *others = rows
    fill, mark = _colors(first.kind)
    height = HEAD + STRIP * len(others)
    axes.add_artist(Rectangle((left, top), WIDTH, height, facecolor="white", edgecolor="none"))
    axes.add_artist(Rectangle((left, top), WIDTH, HEAD, facecolor=fill, edgecolor="none"))
    axes.add_artist(Rectangle((left, top), 3, height, facecolor=mark, edgecolor="none"))
    axes.add_artist(Rectangle((left, top), WIDTH, height, fill=False, edgecolor=mark, linewidth=0.7))
    shape = "×".join(map(str, first.output_shape))
    _write(axes, left, top + 8, (first.kind, "bold", style.INK), (first.details, style.INK))
    _write(axes, left, top + 19.5, (_own_name(first), "normal", style.FAINT), (shape, style.INK))
    for at, row in enumerate(others):
        y = top + HEAD + STRIP * at
        axes.plot([left + 3.5, left + WIDTH - 0.5], [y, y], color=style.LINE, linewidth=0.6)
        said = f"{row.kind} {row.details}".strip()
        own = "" if row.kind.lower() in row.name.replace("_", "").lower() else _own_name(row)
        _write(axes, left, y + STRIP / 2 + 0.5, (said, "normal", style.INK), (own, style.FAINT))


def _write(axes: Axes, left: float, y: float, begin: tuple[str, str, str], end: tuple[str, str]) -> None:
    """Text on the left and on the right of a box; what is on the right gives way."""
    size = 7.5
    text, weight, color = begin
    common: dict[str, Any] = {"size": size, "va": "center_baseline"}
    room = WIDTH - INDENT - 6
    text = text_layout.shorten(text_layout.drawable(text), room, size, weight)
    axes.text(left + INDENT, y, text, color=color, weight=weight, **common)
    rest = room - text_layout.text_width(text, size, weight) - 8
    if end[0] and rest > 20:
        other = text_layout.shorten(text_layout.drawable(end[0]), rest, size)
        axes.text(left + WIDTH - 6, y, other, color=end[1], ha="right", **common)


def _own_name(row: LayerRow) -> str:
    """The name inside the block; the block's own is on the frame."""
    return row.name.rsplit(".", 1)[-1]


def _colors(kind: str) -> tuple[str, str]:
    return next(((fill, mark) for word, fill, mark in COLORS if word in kind and kind not in MERGES), OTHER)
