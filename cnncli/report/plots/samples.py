"""Training images with their classes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.report.plots import style, text_layout
from cnncli.report.plots.grid import Grid, Line, grid_of

if TYPE_CHECKING:
    from cnncli.report.artifacts import StartData


def draw_samples(start: StartData, path: Path) -> None:
    """Draws a grid of training images, each with its class below."""
    with style.applied(start.captions):
        samples_of(start).save(path)


def samples_of(start: StartData) -> Grid:
    """The grid of `draw_samples`; to be created and saved in one `style.applied` block."""
    return grid_of(start.images(), [[Line(text_layout.drawable(caption))] for caption in start.captions])
