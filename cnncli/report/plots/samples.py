"""Training images with their classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cnncli.report.plots import style, text_layout
from cnncli.report.plots.grid import AT_MOST, Line, grid_of

if TYPE_CHECKING:
    from cnncli.report.artifacts import StartData


def draw_samples(start: StartData, path: Path) -> None:
    """Draws a grid of the first 25 images, each with its caption below.

    Args:
        start: At least one image, uint8, `(height, width, channels)` with 1 or 3 channels; sizes may differ.
        path: File to write, ending in .png.
    """
    with style.applied(start.captions[:AT_MOST]):
        style.save_photographs(figure_of(start.images(), start.captions), path)


def figure_of(images: np.ndarray | Sequence[np.ndarray], captions: Sequence[str]) -> Figure:
    """The figure of `draw_samples`; to be created and saved in one `style.applied` block."""
    lines = [[Line(text_layout.drawable(caption))] for caption in captions[:AT_MOST]]
    return grid_of(list(images[:AT_MOST]), lines)
