"""The confusion matrix: which classes are mistaken for which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from cnncli.insight.intervals import share_interval
from cnncli.records import Evaluation
from cnncli.report.confusion import Confusion, confusion_of
from cnncli.report.plots import style, text_layout
from cnncli.wording import counted, percentage

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

ALL_CLASSES = 50  # with more, a name would be smaller than the smallest print: only the most confused are drawn
MOST_CONFUSED = 30
LEAST_SHARE = 0.01  # below, the count is as informative
WITH_SHARES, WITH_COUNTS = 10, 25  # classes up to which cells have room for a share, and for a count
LISTED_PAIRS = 25
DIGIT = 0.64  # width of a digit of DejaVu Sans by its font size
NAME, LISTED_NAME = 95.0, 105.0  # points; longer names are shortened
SIDES = ((2, 190.0), (4, 250.0), (10, 400.0), (ALL_CLASSES, 520.0))  # classes, and side of the matrix up to so many
EDGE, HEAD, AXIS, SCALES, LIST = 12.0, 62.0, 36.0, 70.0, 320.0  # points; AXIS is for its name and ticks
CORRECT_TICKS, WRONG_TICKS = (0, 0.25, 0.5, 0.75, 1), (0, 0.02, 0.1, 0.4, 1)


def draw_confusion_matrix(data: EvaluationData, path: Path) -> None:
    """Draws true classes by predicted ones: correct ones in blue, wrong ones in orange.

    The colours of a row are shares of the images of that true class. Orange darkens early, so that a rare mistake is
    visible. Up to 25 classes have their counts in the cells; more get a list of the most confused pairs; of more than
    50 classes only those of the most frequent confusions are drawn.
    """
    with style.applied(data.evaluation.class_names):
        style.save(figure_of(data.evaluation), path)


def figure_of(evaluation: Evaluation) -> Figure:
    """The figure of `draw_confusion_matrix`; to be created and saved in one `style.applied` block."""
    classes = len(evaluation.class_names)
    confusion = confusion_of(evaluation, at_most=MOST_CONFUSED if classes > ALL_CLASSES else ALL_CLASSES)
    shown = len(confusion.classes)
    names = text_layout.drawable_names(evaluation.class_names)
    is_numbered = any(text_layout.tidy(own) != name for own, name in zip(evaluation.class_names, names, strict=True))
    size = style.NORMAL if shown <= WITH_SHARES else style.SMALL if shown <= WITH_COUNTS else 7.0
    short = text_layout.shorten_apart([names[index] for index in confusion.classes], NAME, size)
    title, subtitle = _title(confusion, classes), _subtitle(evaluation, is_numbered)
    heading = max(text_layout.text_width(title, style.TITLE, "bold"), text_layout.text_width(subtitle, style.NORMAL))
    side = next(side for most, side in SIDES if shown <= most)
    longest = max(text_layout.text_width(name, size) for name in short)
    is_crowded = longest > side / shown - 6
    left, bottom = longest + AXIS, (longest if is_crowded else size) + AXIS
    with_list = classes > WITH_COUNTS
    width = max(left + side + SCALES + LIST * with_list, heading + 2 * EDGE)
    height = bottom + side + HEAD
    dpi = style.DPI if shown <= WITH_SHARES else style.DPI_OF_BIG
    figure = style.new_figure(width / 72, height / 72, dpi)
    style.heading(figure, title, subtitle, left=EDGE)
    axes = figure.add_axes((left / width, bottom / height, side / width, side / height))
    _draw_cells(axes, confusion, side / shown)
    axes.tick_params(length=2.5, labelsize=size, labelcolor=style.INK)
    axes.set_yticks(range(shown), short)
    axes.set_xticks(range(shown), short, rotation=90 if is_crowded else 0)
    common: dict[str, Any] = {"color": style.FAINT, "size": style.NORMAL}
    figure.text(EDGE / width, (bottom + side / 2) / height, "true", rotation=90, va="center", **common)
    figure.text((left + side / 2) / width, EDGE / height, "predicted", ha="center", **common)
    beside, width = 1 + 12 / side, 8 / side
    _draw_scale(axes.inset_axes((beside, 0.56, width, 0.38)), "correct", style.RIGHT_SHADES, 1.0, CORRECT_TICKS)
    _draw_scale(axes.inset_axes((beside, 0.04, width, 0.38)), "wrong", style.WRONG_SHADES, 0.5, WRONG_TICKS)
    if with_list:
        _list_pairs(axes.inset_axes((1 + (SCALES + 10) / side, 0, (LIST - 30) / side, 1)), confusion, names)
    return figure


def _title(confusion: Confusion, classes: int) -> str:
    shown = len(confusion.classes)
    which = "most confused" if confusion.pairs else "first"
    return "Confusion matrix" + (f": the {shown} {which} of {classes:,} classes" if shown < classes else "")


def _subtitle(evaluation: Evaluation, is_numbered: bool) -> str:
    images = len(evaluation.labels)
    correct = int(np.count_nonzero(evaluation.labels == evaluation.predicted))
    subtitle = f"{evaluation.split}: {correct:,} of {counted(images, 'image')} correct"
    if images:
        ends = share_interval(evaluation.labels == evaluation.predicted, evaluation.groups)
        low, high = (percentage(round(1e6 * end), 1_000_000, 1) if math.isfinite(end) else "" for end in ends)
        between = f", {low.removesuffix(' %')}–{high}" if low else ""
        subtitle += f" ({percentage(correct, images, 1)}{between})"
    return subtitle + (" · #n is class n, counted from 0: no font here has its letters" if is_numbered else "")


def _draw_cells(axes: Axes, confusion: Confusion, pitch: float) -> None:
    """Draws the squares, `pitch` points from one to the next, and writes into them what there is room for."""
    shares = confusion.shares()  # (shown, shown)
    values = np.nan_to_num(shares)
    is_correct = np.eye(len(shares), dtype=bool)[..., None]
    colors = np.where(is_correct, style.RIGHT_SHADES(values), style.WRONG_SHADES(np.sqrt(values)))  # (shown, shown, 4)
    colors[np.isnan(shares)] = (0.93, 0.93, 0.93, 1)  # the split has no image of the class
    borders = np.arange(len(shares) + 1) - 0.5
    axes.pcolormesh(borders, borders, colors, edgecolors=style.LINE, linewidth=0.5)
    axes.invert_yaxis()  # the first class is at the top
    axes.spines[:].set_visible(True)
    if len(shares) <= WITH_COUNTS:
        _write_counts(axes, confusion, shares, colors, pitch)


def _write_counts(axes: Axes, confusion: Confusion, shares: np.ndarray, colors: np.ndarray, pitch: float) -> None:
    """Writes counts, with the share below if there is room for it; nothing for zero."""
    counts, totals = confusion.counts, confusion.totals
    size = min(11.0, 0.5 * pitch, 0.86 * pitch / (DIGIT * len(str(counts.max()))))
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = shares[row, column]
        with_share = len(counts) <= WITH_SHARES and share >= LEAST_SHARE
        look: dict[str, Any] = {"ha": "center", "va": "center", "color": _readable_on(colors[row, column])}
        look["transform"] = axes.transData
        count = str(counts[row, column])
        axes.add_artist(text_layout.Outlined(column, row - (0.1 if with_share else 0), count, size=size, **look))
        if with_share:
            percent = percentage(int(counts[row, column]), int(totals[row]), 1)
            axes.add_artist(
                text_layout.Outlined(column, row + 0.24, percent, size=min(7.0, 0.7 * size), alpha=0.85, **look)
            )


def _readable_on(color: np.ndarray) -> str:
    """White or ink, whichever contrasts more (WCAG 2 relative luminance)."""
    linear = np.where(color[:3] <= 0.04045, color[:3] / 12.92, ((color[:3] + 0.055) / 1.055) ** 2.4)
    return "white" if linear @ [0.2126, 0.7152, 0.0722] < 0.22 else style.INK


def _draw_scale(axes: Axes, title: str, shades: Colormap, power: float, ticks: Sequence[float]) -> None:
    """A bar that shows what the colours mean."""
    steps = np.linspace(0, 1, 129)
    axes.pcolormesh([0, 1], steps, shades(steps[:-1] / steps[-2])[:, None])
    axes.spines[:].set_visible(True)
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_yticks([tick**power for tick in ticks], [f"{100 * tick:.0f} %" for tick in ticks])
    axes.tick_params(length=0, pad=4, labelsize=7)
    axes.set_title(title, loc="left", size=style.SMALL, weight="normal", pad=7)


def _list_pairs(axes: Axes, confusion: Confusion, names: Sequence[str]) -> None:
    """Lists the most confused pairs beside the matrix, the most frequent first."""
    axes.set_axis_off()
    pairs = confusion.pairs[:LISTED_PAIRS]
    classes = sorted({label for pair in pairs for label in (pair.true, pair.predicted)})
    short = dict(
        zip(classes, text_layout.shorten_apart([names[at] for at in classes], LISTED_NAME, style.SMALL), strict=True)
    )
    columns: tuple[tuple[float, str, str, str, list[str]], ...] = (
        (0.0, "left", style.INK, "true", [short[pair.true] for pair in pairs]),
        (0.4, "left", style.VERMILLION, "predicted", [f"→ {short[pair.predicted]}" for pair in pairs]),
        (0.88, "right", style.INK, "images", [f"{pair.count:,}" for pair in pairs]),
        (1.0, "right", style.FAINT, "share", [f"{100 * pair.share:.1f} %" for pair in pairs]),
    )
    for x, ha, color, head, lines in columns:
        look: dict[str, Any] = {"ha": ha, "va": "top", "transform": axes.transAxes, "size": style.SMALL}
        axes.text(x, 1, head, color=style.FAINT, **look)
        axes.text(x, 0.96, "\n".join(lines), color=color, linespacing=1.7, **look)
    if not pairs:
        axes.text(0, 0.96, "no class was mistaken for another", va="top", size=style.SMALL, transform=axes.transAxes)
