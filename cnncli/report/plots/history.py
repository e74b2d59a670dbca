"""The curves of a training: loss and metrics by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from cnncli.records import History
from cnncli.report.artifacts import NotApplicable
from cnncli.report.plots import style, text_layout
from cnncli.report.tables import metric_names, shortest

PANEL_WIDTH, PANEL_HEIGHT = 4.3, 2.55  # inches, with labels
PANEL_TEXT = 4.3 * 72 - 62  # points from the left to the right end of a panel's axes
TOP = 0.36  # inches for heading and legend
LABEL_ROOM = 0.62 * 72 - 6  # points for the labels left of the axes
MOST_DIGITS = 12  # of a label; rates are float32, so that more would be noise
LOG_FROM = 50  # from this ratio of highest to lowest on, a linear axis would show the first epoch and a flat line

Curves = dict[str, np.ndarray]  # label → (epochs,), nan where the epoch has no such value
TRAIN, VALIDATION, RATE = "train", "validation", "learning rate"
BEST_LINE: dict[str, Any] = {"color": style.FAINT, "linewidth": 0.9, "linestyle": (0, (2, 2)), "zorder": 1}
STAGE_LINE: dict[str, Any] = {"color": style.INK, "linewidth": 0.9, "zorder": 1}
COLORS = {TRAIN: style.BLUE, VALIDATION: style.VERMILLION, RATE: style.GREEN}


def draw_history(history: History, path: Path) -> None:
    """Draws every metric by epoch, and the learning rate if it changes; marks the best epoch and the stages."""
    if not history.epochs:
        raise NotApplicable("no epoch is complete")
    with style.applied(metric_names(history)):
        style.save(figure_of(history), path)


def figure_of(history: History) -> Figure:
    """The figure of `draw_history`; to be created and saved in one `style.applied` block."""
    panels = _panels_of(history)
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    width, height = columns * PANEL_WIDTH, rows * PANEL_HEIGHT + TOP
    figure = style.new_figure(width, height)
    for at, (name, curves) in enumerate(panels.items()):
        row, column = divmod(at, columns)
        left, bottom = column * PANEL_WIDTH + 0.62, (rows - row - 1) * PANEL_HEIGHT + 0.45
        axes = figure.add_axes((left / width, bottom / height, PANEL_TEXT / 72 / width, (PANEL_HEIGHT - 0.82) / height))
        _draw_panel(axes, name, curves, history)
    _draw_legend(figure, history, panels)
    return figure


def _panels_of(history: History) -> dict[str, Curves]:
    """Curves by title: a panel for each metric, of training and validation, and one for the learning rate."""

    def values(name: str) -> np.ndarray:
        column = np.array([epoch.metrics.get(name, math.nan) for epoch in history.epochs])  # (epochs,)
        return np.where(np.isfinite(column), column, math.nan)

    panels: dict[str, Curves] = {}
    for name in metric_names(history):
        family = name.removeprefix("val_")
        label = TRAIN if family == name else VALIDATION
        panels.setdefault(text_layout.drawable(family.replace("_", " ")), {})[label] = values(name)
    rates = np.array([epoch.learning_rate for epoch in history.epochs])
    if np.ptp(rates) > 0:
        panels[RATE] = {RATE: rates}
    return panels


def _draw_panel(axes: Axes, name: str, curves: Curves, history: History) -> None:
    numbers = np.array([epoch.number for epoch in history.epochs])
    dot = 3.5 if len(numbers) <= 25 else 2.0  # points; a value without neighbours has no line
    for label, values in curves.items():
        axes.plot(numbers, values, color=COLORS[label], marker="o", markersize=dot, markeredgewidth=0)
    axes.margins(x=0.02)
    axes.set_xlim(left=max(axes.get_xlim()[0], 0.1))  # no tick for an epoch before the first
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    axes.set_xlabel("epoch", labelpad=2)
    for first in _first_of_stages(history):
        axes.axvline(first - 0.5, **STAGE_LINE)
    _scale_values(axes, np.concatenate(list(curves.values())), log_from=10 if name == RATE else LOG_FROM)
    remark = "" if name == RATE else _mark_best(axes, curves, numbers, history.best)
    if name != RATE and any(np.isnan(values).all() for values in curves.values()):
        remark = "no finite value" if len(curves) == 1 else remark or "not always finite"
    room = PANEL_TEXT - (text_layout.text_width(remark, style.SMALL) + 12 if remark else 0)
    title = text_layout.shorten(name, room, style.NORMAL + 1, "bold")
    axes.set_title(title, loc="left")
    axes.set_title(remark, loc="right", size=style.SMALL, weight="normal", color=style.INK)


def _first_of_stages(history: History) -> list[int]:
    """First epochs of all stages but the first."""
    return [now.number for before, now in pairwise(history.epochs) if now.stage != before.stage]


def _mark_best(axes: Axes, curves: Curves, numbers: np.ndarray, best: int) -> str:
    """Marks the best epoch; returns its value as text for the upper right corner of the panel."""
    at = np.flatnonzero(numbers == best)
    if not len(at):
        return ""
    axes.axvline(best, **BEST_LINE)
    label = VALIDATION if VALIDATION in curves else TRAIN
    value = curves[label][at[0]]
    if not math.isfinite(value):
        return ""
    axes.plot(best, value, "o", markersize=7, color=COLORS[label], markeredgecolor=style.INK, markeredgewidth=1.2)
    return f"{float(shortest(value)):.4g} at epoch {best}"


def _scale_values(axes: Axes, values: np.ndarray, log_from: float) -> None:
    numbers = values[np.isfinite(values)]
    axes.grid(axis="y")
    axes.tick_params(length=0, pad=4)
    if not len(numbers):
        axes.set_yticks([])
        return
    axes.margins(y=0.07)
    ratio = numbers.max() / numbers.min() if numbers.min() > 0 else 0.0
    if ratio >= log_from:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ratio < 300 else (1,), numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    # matplotlib's own would write an offset such as "1e-5" in the corner, where the title is
    digits = _digits_apart(numbers)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.{digits}g}".replace("-", "−")))
    _make_room_for_labels(axes)


def _digits_apart(numbers: np.ndarray) -> int:
    """Digits that tell the ticks of an axis apart: six, or more where all values are nearly equal."""
    spread, largest = float(np.ptp(numbers)), float(np.abs(numbers).max())
    return 6 if not spread else min(max(6, math.ceil(math.log10(largest / spread)) + 3), MOST_DIGITS)


def _make_room_for_labels(axes: Axes) -> None:
    """Moves the left end of an axis to the right where its labels are wider than the room beside it."""
    labels = [axes.yaxis.get_major_formatter()(value, None) for value in axes.yaxis.get_majorticklocs()]
    size = matplotlib.font_manager.FontProperties(size=matplotlib.rcParams["ytick.labelsize"]).get_size_in_points()
    widest = max((text_layout.text_width(label, size) for label in labels), default=0.0)
    place, figure_width = axes.get_position(), 72 * axes.figure.get_size_inches()[0]  # type: ignore[union-attr]
    excess = (widest - LABEL_ROOM) / figure_width
    if excess > 0:
        axes.set_position((place.x0 + excess, place.y0, place.width - excess, place.height))


def _draw_legend(figure: Figure, history: History, panels: Mapping[str, Curves]) -> None:
    """Draws one legend for all panels, at the top, where it hides no curve."""
    drawn = {label for curves in panels.values() for label in curves}
    handles = [Line2D([], [], color=COLORS[label], label=label) for label in (TRAIN, VALIDATION) if label in drawn]
    if history.best_epoch():
        look = BEST_LINE | {"marker": "o", "markerfacecolor": "white", "markeredgecolor": style.INK, "markersize": 6}
        is_metric = any(history.monitor in epoch.metrics for epoch in history.epochs)
        best = text_layout.drawable(f"best epoch by {history.monitor}" if is_metric else "best epoch")
        room = 72 * PANEL_WIDTH - 175  # beside the other two, when there is one panel only
        handles.append(Line2D([], [], label=text_layout.shorten(best, room, style.SMALL), **look))
    if _first_of_stages(history) and len(panels) > 1:  # above a single one there is no room
        handles.append(Line2D([], [], label="new stage", **STAGE_LINE))
    width, height = 72 * figure.get_size_inches()
    corner = {"loc": "upper left", "bbox_to_anchor": (40 / width, 1 - 4 / height), "borderaxespad": 0.5}
    figure.legend(handles=handles, ncols=len(handles), columnspacing=1.6, **corner)
