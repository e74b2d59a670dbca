"""The reliability diagram: how many images are right, by the confidence of their answers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnncli.insight.calibration import Bin, Calibration
from cnncli.report.plots import style

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

WIDTH, HEIGHT = 5.4, 4.9  # inches


def draw_reliability(data: EvaluationData, path: Path) -> None:
    """Draws a point for each tenth of the images, by confidence, with the interval of its accuracy."""
    temperature, plain, calibrated = data.calibrations
    with style.applied():
        value = 1.0 if temperature is None else temperature.value
        style.save(figure_of(plain, calibrated, value, data.evaluation.split), path)


def figure_of(plain: Calibration, calibrated: Calibration | None, temperature: float, split: str) -> Figure:
    """The figure of `draw_reliability`; to be created and saved in one `style.applied` block."""
    figure = style.new_figure(WIDTH, HEIGHT)
    of = f"{split}: " if split else ""
    said = f"{of}says {plain.confidence:.3f} on average, is right in {plain.accuracy:.3f} of {plain.images:,} images"
    style.heading(figure, "Reliability", said)
    axes = figure.add_axes((0.12, 0.11, 0.83, 0.72))
    shown = [plain, *([calibrated] if calibrated else [])]
    lowest = min(min(_low(each), each.confidence) for of_one in shown for each in of_one.bins)
    axes.plot([lowest, 1], [lowest, 1], color=style.LINE, linewidth=1.2, zorder=1)
    _draw_bins(axes, plain, style.BLUE, f"ECE {plain.ece:.3f}; of a perfect network {plain.perfect_ece:.3f}")
    if calibrated is not None:
        label = f"divided by {temperature:.2f}: ECE {calibrated.ece:.3f}"
        _draw_bins(axes, calibrated, style.VERMILLION, label)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of images that are right")
    axes.grid()
    axes.legend(loc="upper left")
    return figure


def _low(each: Bin) -> float:
    return each.accuracy if math.isnan(each.interval[0]) else each.interval[0]


def _draw_bins(axes: Axes, result: Calibration, color: str, label: str) -> None:
    confidence = np.array([each.confidence for each in result.bins])  # (bins,)
    accuracy = np.array([each.accuracy for each in result.bins])  # (bins,)
    ends = np.array([each.interval for each in result.bins])  # (bins, 2)
    apart = np.nan_to_num(np.abs(ends.T - accuracy))  # (2, bins); none of a single group
    axes.errorbar(
        confidence, accuracy, apart, fmt="o", color=color, markersize=5, elinewidth=1.2, capsize=2.5, label=label
    )
