"""Training images with their classes, alone or beside their augmented versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from cnncli.report.plots import style, text_layout
from cnncli.report.plots.grid import Grid, Line, grid_of

if TYPE_CHECKING:
    from cnncli.report.artifacts import StartData


def draw_samples(start: StartData, path: Path) -> None:
    """Draws a grid of training images, each with its class below."""
    with style.applied(start.class_names):
        samples_of(start).save(path)


def samples_of(start: StartData) -> Grid:
    """The grid of `draw_samples`; to be created and saved in one `style.applied` block."""
    names = text_layout.drawable_names(start.class_names)
    return grid_of(start.images(), [[Line(names[label])] for label in start.labels])


def draw_preview(
    originals: np.ndarray, versions: Sequence[np.ndarray], class_names: Sequence[str], file: IO[bytes]
) -> None:
    """Draws a row for each class: the original, then its augmented versions; a square of originals if there are none.

    Args:
        originals: One image of each class, uint8, shape `(classes, height, width, channels)`; 1 to 10 classes.
        versions: At most four arrays of the same shape.
        class_names: One for each original, in the order of the classes.
        file: File to write a PNG to.
    """
    images, captions = [], []
    for number, (original, name) in enumerate(zip(originals, text_layout.drawable_names(class_names), strict=True)):
        images += [original, *(version[number] for version in versions)]
        captions.append([Line(name)])
        captions += [[Line(f"epoch {epoch}", style.FAINT)] for epoch in range(1, len(versions) + 1)]
    title, below, columns = "Training images", "one of each class, without augmentation", None
    if versions:
        title, below = "Augmentation", "each image, and its versions in training"
        columns = len(versions) + 1
    with style.applied(class_names):
        grid_of(images, captions, title, below, columns).save(file)
