"""The curve of a learning rate range test: the loss by learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter

from cnncli.report.plots import style

WIDTH, HEIGHT = 6.2, 3.8  # inches


def draw_range_test(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggested: float | None, path: Path
) -> None:
    """Draws the loss after a step with each learning rate, smoothed as well, and the suggested rate as a line.

    Args:
        rates: Learning rates, from low to high.
        losses: The loss of a batch after the step with each; those that are infinite or NaN are left out.
        smoothed: The losses without the differences between batches.
        suggested: The rate to mark, if there is one.
        path: PNG file to write.
    """
    with style.applied():
        figure = style.new_figure(WIDTH, HEIGHT)
        said = (
            "the loss never fell" if suggested is None else f"suggested: {suggested:g}, a tenth of the lowest point's"
        )
        style.heading(figure, "Learning rate range test", said)
        axes = figure.add_axes((0.11, 0.14, 0.85, 0.66))
        known = np.isfinite(losses) & np.isfinite(smoothed)
        x, raw, mean = (np.array(each)[known] for each in (rates, losses, smoothed))
        axes.plot(x, raw, color=style.LINE, linewidth=1.0, label="each step")
        axes.plot(x, mean, color=style.BLUE, label="smoothed")
        if suggested is not None:
            axes.axvline(suggested, color=style.VERMILLION, linewidth=1.2, label="suggested")
        if len(mean):
            top = max(float(mean[: max(5, len(mean) // 10)].max()), float(mean.min())) * 1.5
            axes.set_ylim(min(0.0, float(raw.min())), max(top, float(mean.min()) + 1e-6))
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.grid()
        axes.legend(loc="lower left")
        style.save(figure, path)
