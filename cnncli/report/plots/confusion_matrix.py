"""The confusion matrix: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from cnncli.records import Evaluation
from cnncli.report.confusion import Confusion, confusion_of
from cnncli.report.plots import style, text_layout
from cnncli.report.plots.outlined_text import Outlined

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

ALL_CLASSES = 150  # with more, a cell would be smaller than two pixels of a screen: only the most confused are drawn
MOST_CONFUSED = 30
LEAST_SHARE = 0.01  # below, the count says as much
CELL_TEXT = 25  # with more classes a number does not fit into its cell
LISTED_PAIRS = 25
NAME_WIDTH = 95.0  # points; longer names are shortened
EDGE, HEAD, AXIS_NAME, TICK, SCALE = 12.0, 58.0, 16.0, 5.0, 62.0  # points
LISTED_NAME, LIST = 105.0, 312.0  # points


@dataclass(frozen=True)
class Layout:
    """Where everything goes; all in points.

    Args:
        side: of the square matrix.
        left: from the left edge to the matrix: the names of the true classes.
        bottom: from the lower edge to the matrix: the names of the predicted classes.
        width: of the figure.
        size: font size of the names.
        step: every how many classes are named.
        angle: of the predicted classes' names, in degrees.
    """

    side: float
    left: float
    bottom: float
    width: float
    size: float
    step: int
    angle: int

    @property
    def height(self) -> float:
        """Of the figure."""
        return self.bottom + self.side + HEAD


def draw_confusion_matrix(data: EvaluationData, path: Path) -> None:
    """True classes by predicted ones: what is right in blue, what is wrong in orange.

    Each row's colours are shares of the images of that true class. Orange darkens early, so that a rare mistake is
    seen. Up to 25 classes have their counts written in the cells; more classes get a list of the most confused
    pairs; of more than 150 classes only those of the most frequent confusions are drawn.

    Args:
        data: Evaluation of any number of images and classes.
        path: File to write, ending in .png.
    """
    with style.applied(data.evaluation.class_names):
        style.save(figure_of(data.evaluation), path)


def figure_of(evaluation: Evaluation) -> Figure:
    """The figure of `draw_confusion_matrix`; to be made and saved in one `style.applied` block."""
    classes = len(evaluation.class_names)
    confusion = confusion_of(evaluation, at_most=MOST_CONFUSED if classes > ALL_CLASSES else ALL_CLASSES)
    names = text_layout.drawable_names(evaluation.class_names)
    below = _said(evaluation, confusion)
    if any(name != text_layout.tidy(own) for name, own in zip(names, evaluation.class_names, strict=True)):
        below += " · #n is class n, counted from 0: no font here has its letters"
    listed = classes > CELL_TEXT
    layout = _layout([names[index] for index in confusion.classes], below, listed)
    dpi = style.DPI if len(confusion.classes) <= 10 else style.DPI_OF_BIG
    figure = style.new_figure(layout.width / 72, layout.height / 72, dpi)
    style.heading(figure, "Confusion matrix", below, left=EDGE)
    box = (
        layout.left / layout.width,
        layout.bottom / layout.height,
        layout.side / layout.width,
        layout.side / layout.height,
    )
    axes = figure.add_axes(box)
    _draw_cells(axes, confusion, layout)
    _name_classes(axes, [names[index] for index in confusion.classes], layout)
    _draw_scales(figure, layout)
    if listed:
        _list_pairs(figure, confusion, names, layout)
    return figure


def _said(evaluation: Evaluation, confusion: Confusion) -> str:
    images, classes = len(evaluation.labels), len(evaluation.class_names)
    right = int(np.count_nonzero(evaluation.labels == evaluation.predicted))
    # Rounded down, so that 100 % means all of them.
    percent = np.floor(10000 * right / images) / 100 if images else 0.0
    said = f"{evaluation.split}: {right:,} of {images:,} images right ({percent:.4g} %)"
    shown, which = len(confusion.classes), "most confused" if confusion.pairs else "first"
    return said + (f" · the {shown} {which} of {classes:,} classes" if shown < classes else "")


def _layout(names: Sequence[str], below: str, listed: bool) -> Layout:
    count = len(names)
    side = next(side for most, side in ((2, 190), (4, 250), (10, 400), (150, 520)) if count <= most)
    size = style.NORMAL if count <= 10 else style.SMALL if count <= CELL_TEXT else 7.0
    pitch = side / count
    step = next(step for step in (1, 2, 5, 10, 20, 50) if step * pitch >= 1.25 * size)
    wide = min(NAME_WIDTH, max(text_layout.text_width(name, size) for name in names))
    if wide <= step * pitch - 6:
        angle, deep = 0, 1.3 * size
    elif step * pitch >= 1.9 * size:
        angle, deep = 45, (wide + size) * 0.71
    else:
        angle, deep = 90, wide
    left = EDGE + AXIS_NAME + wide + 2 * TICK
    width = left + side + SCALE + (LIST if listed else 0)
    width = max(width, EDGE * 2 + text_layout.text_width(below, style.NORMAL))
    return Layout(side, left, deep + AXIS_NAME + 2 * TICK + EDGE, width, size, step, angle)


def _draw_cells(axes: Axes, confusion: Confusion, layout: Layout) -> None:
    shares = confusion.shares()  # (shown, shown)
    colors = np.where(np.eye(len(shares), dtype=bool)[..., None], _right(shares), _wrong(shares))
    colors[np.isnan(shares)] = (0.93, 0.93, 0.93, 1)  # the split has no image of the class
    borders = np.arange(len(shares) + 1) - 0.5
    axes.pcolormesh(borders, borders, colors)  # imshow would resample the few squares, which takes longer than the rest
    axes.invert_yaxis()  # the first class is above
    axes.spines[:].set_visible(True)
    if len(shares) <= MOST_CONFUSED:
        edges = np.arange(1, len(shares)) - 0.5
        axes.hlines(edges, -0.5, len(shares) - 0.5, color=style.LINE, linewidth=0.5)
        axes.vlines(edges, -0.5, len(shares) - 0.5, color=style.LINE, linewidth=0.5)
    if len(shares) <= CELL_TEXT:
        _write_counts(axes, confusion.counts, shares, colors, layout.side / len(shares))


def _right(shares: np.ndarray) -> np.ndarray:
    return style.RIGHT_SHADES(np.nan_to_num(shares))  # (shown, shown, 4)


def _wrong(shares: np.ndarray) -> np.ndarray:
    """One wrong image in a hundred is a tenth of the way to the darkest shade."""
    return style.WRONG_SHADES(np.sqrt(np.nan_to_num(shares)))  # (shown, shown, 4)


def _write_counts(axes: Axes, counts: np.ndarray, shares: np.ndarray, colors: np.ndarray, pitch: float) -> None:
    """Counts, with the share below from 1 % on where there is room for it; nothing where there is nothing."""
    with_share = len(counts) <= 10
    widest = max(text_layout.text_width(_count(count, pitch), 1) for count in counts[counts > 0].tolist() or [0])
    size = min(11.0, 0.5 * pitch, 0.86 * pitch / widest)
    for row, column in zip(*np.nonzero(counts), strict=True):
        color = _readable_on(colors[row, column])
        count = _count(int(counts[row, column]), pitch)
        shared = with_share and shares[row, column] >= LEAST_SHARE
        common: dict[str, Any] = {"transform": axes.transData, "ha": "center", "va": "center", "color": color}
        axes.add_artist(Outlined(column, row - (0.1 if shared else 0), count, size=size, **common))
        if shared:
            share = _percent(shares[row, column])
            axes.add_artist(Outlined(column, row + 0.24, share, size=min(7.0, size * 0.7), alpha=0.85, **common))


def _count(count: int, pitch: float) -> str:
    """The count, in thousands when its digits would be too small to read."""
    text = str(count)
    return text if text_layout.text_width(text, 5.5) <= 0.86 * pitch else f"{count / 1000:.3g}k"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.9995 else f"{100 * share:.3g} %"


def _readable_on(color: np.ndarray) -> str:
    """White or ink, whichever contrasts more (WCAG 2 relative luminance)."""
    linear = np.where(color[:3] <= 0.04045, color[:3] / 12.92, ((color[:3] + 0.055) / 1.055) ** 2.4)
    return "white" if linear @ [0.2126, 0.7152, 0.0722] < 0.22 else style.INK


def _name_classes(axes: Axes, names: Sequence[str], layout: Layout) -> None:
    places = list(range(0, len(names), layout.step))
    labels = text_layout.shorten_apart([names[place] for place in places], NAME_WIDTH, layout.size)
    axes.tick_params(length=2.5, pad=TICK - 2.5, labelsize=layout.size, labelcolor=style.INK)
    axes.set_yticks(places, labels)
    slanting = layout.angle == 45
    axes.set_xticks(places, labels)
    for label in axes.get_xticklabels():
        label.set(rotation=layout.angle, ha="right" if slanting else "center")
        label.set_rotation_mode("anchor" if slanting else "default")
    across, up = layout.side / 2, layout.side / 2
    offset: dict[str, Any] = {"textcoords": "offset points", "color": style.FAINT, "size": style.NORMAL}
    axes.annotate("true", (0, 0), (EDGE - layout.left, up), "axes fraction", rotation=90, va="center", **offset)
    axes.annotate("predicted", (0, 0), (across, EDGE - layout.bottom), "axes fraction", ha="center", **offset)


def _draw_scales(figure: Figure, layout: Layout) -> None:
    """Two bars that say what the colours mean, right of the matrix."""
    span = min(0.46 * layout.side, 150.0)
    top = layout.bottom + layout.side
    scales = (
        ("right", style.RIGHT_SHADES, 1.0, (0, 25, 50, 75, 100)),
        ("wrong", style.WRONG_SHADES, 0.5, (0, 2, 10, 40, 100)),
    )
    for at, (name, shades, power, ticks) in enumerate(scales):
        bottom = top - at * (span + 20) - span
        left = layout.left + layout.side + 12
        box = (left / layout.width, bottom / layout.height, 8 / layout.width, (span - 14) / layout.height)
        _draw_scale(figure.add_axes(box), name, shades, power, ticks)


def _draw_scale(axes: Axes, name: str, shades: Colormap, power: float, ticks: Sequence[int]) -> None:
    steps = np.linspace(0, 1, 129)
    axes.pcolormesh([0, 1], steps, shades(steps[:-1] / steps[-2])[:, None])
    axes.spines[:].set_visible(True)
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_yticks([(tick / 100) ** power for tick in ticks], [f"{tick} %" for tick in ticks])
    axes.tick_params(length=0, pad=4, labelsize=7)
    axes.set_title(name, loc="left", size=style.SMALL, weight="normal", pad=7)


def _list_pairs(figure: Figure, confusion: Confusion, names: Sequence[str], layout: Layout) -> None:
    """The most confused pairs beside the matrix, the most frequent first."""
    left, line = layout.left + layout.side + SCALE + 10, 18.0
    top = layout.bottom + layout.side

    def write(across: float, down: float, text: str, ha: str = "left", color: str = style.INK) -> None:
        place = ((left + across) / layout.width, (top - down) / layout.height)
        figure.text(*place, text, size=style.SMALL, ha=ha, va="top", color=color)

    second = LISTED_NAME + 18
    heads = (
        (0, "true", "left"),
        (second, "predicted", "left"),
        (262, "images", "right"),
        (LIST - 16, "share", "right"),
    )
    for across, head, ha in heads:
        write(across, 0, head, ha, style.FAINT)
    if not confusion.pairs:
        write(0, line, "no class was taken for another")
    listed = confusion.pairs[:LISTED_PAIRS]
    apart = sorted({label for pair in listed for label in (pair.true, pair.predicted)})
    short = dict(
        zip(apart, text_layout.shorten_apart([names[i] for i in apart], LISTED_NAME, style.SMALL), strict=True)
    )
    for row, pair in enumerate(listed, start=1):
        down = row * line
        write(0, down, short[pair.true])
        write(second - 14, down, "→", color=style.FAINT)
        write(second, down, short[pair.predicted], color=style.VERMILLION)
        write(262, down, f"{pair.count:,}", "right")
        write(LIST - 16, down, f"{100 * pair.share:.0f} %", "right", style.FAINT)
