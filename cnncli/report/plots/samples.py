"""Images as the model gets them, with their classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cnncli.report.plots import style, text_layout
from cnncli.report.plots.grid import AT_MOST, Line, grid_of


def draw_samples(images: np.ndarray | Sequence[np.ndarray], captions: Sequence[str], path: Path) -> None:
    """A grid of the first 25 images, each with its caption below.

    Args:
        images: at least one, uint8, each of shape `(height, width, channels)` with 1 or 3 channels; sizes may differ.
        captions: one for each image, such as its class.
        path: file to write, ending in .png.
    """
    with style.applied(captions[:AT_MOST]):
        style.save_photographs(figure_of(images, captions), path)


def figure_of(images: np.ndarray | Sequence[np.ndarray], captions: Sequence[str]) -> Figure:
    """The figure of `draw_samples`; to be made and saved in one `style.applied` block."""
    lines = [[Line(text_layout.drawable(caption))] for caption in captions[:AT_MOST]]
    return grid_of(list(images[:AT_MOST]), lines)
