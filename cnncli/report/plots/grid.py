"""A grid of images with lines of text below each, for samples.png, mistakes.png and previews."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.Image import Resampling
from PIL.PngImagePlugin import PngInfo

from cnncli.report.plots import style, text_layout

COLUMNS = 5
GAP, EDGE, LINE = 14, 18, 19  # pixels: between cells, around all of them, height of a line of text
HEADING = 108  # pixels
TEXT = 7.5  # points
SIMPLE = str.maketrans("", "", "→…")  # characters that need no more care than ASCII letters
LEVELS = (np.rint(np.arange(256) / 255 * 63) / 63 * 255).round().astype(np.uint8)  # (256,); black and white stay
SHARP_FROM = 3  # from this magnification on, pixels are shown as squares; below it they are smoothed


class Line(NamedTuple):
    """A line of text below an image."""

    text: str
    color: str = style.INK


class Grid(NamedTuple):
    """A figure, and images to copy into it: matplotlib would resample them, which takes longer than all the rest.

    Args:
        figure: Figure with all texts.
        images: Each of shape `(height, width, 3)`, uint8, with the row and column of its upper left pixel.
    """

    figure: Figure
    images: list[tuple[np.ndarray, int, int]]

    def save(self, file: Path | IO[bytes]) -> None:
        """Writes a PNG with 64 instead of 256 levels of each colour, which is invisible and saves a third of its size.

        A palette of 256 colours would be smaller still, but changes hues visibly.
        """
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        pixels = np.array(canvas.buffer_rgba())[..., :3]  # (height, width, 3)
        for image, row, column in self.images:
            pixels[row : row + image.shape[0], column : column + image.shape[1]] = image
        picture = Image.fromarray(pixels).point(LEVELS.tolist() * 3)
        about = PngInfo()
        about.add_text("Software", style.SOFTWARE)
        picture.save(file, format="PNG", dpi=(style.DPI, style.DPI), compress_level=4, pnginfo=about)


def grid_of(
    images: Sequence[np.ndarray],
    captions: Sequence[Sequence[Line]],
    title: str = "",
    below: str = "",
    columns: int | None = None,
) -> Grid:
    """Images in rows, each with its caption; to be created and saved in one `style.applied` block.

    All texts share one pair of axes: 25 of them would take ten times as long.

    Args:
        images: 1 to 50 images, uint8, each of shape `(height, width, channels)` with 1 or 3 channels.
        captions: Lines below each image; the same number for each.
        title: Title above the grid, with a fainter line `below`; empty for none.
        columns: 1 to 5; None for a grid as square as possible.
    """
    columns = columns or min(COLUMNS, math.ceil(math.sqrt(len(images))))
    rows = math.ceil(len(images) / columns)
    wide = {1: 336, 2: 336, 3: 252, 4: 210, 5: 168}[columns]  # pixels; multiples of 28
    tall = round(wide * min(1.4, max(image.shape[0] / image.shape[1] for image in images)))
    step_across = wide + GAP
    step_down = tall + GAP + LINE * max(len(lines) for lines in captions)
    top = HEADING if title else EDGE
    width = columns * step_across - GAP + 2 * EDGE
    if title:
        texts = (text_layout.text_width(title, style.TITLE, "bold"), text_layout.text_width(below, style.NORMAL))
        width = max(width, math.ceil(max(texts) * style.DPI / 72) + 2 * EDGE)
    height = top + rows * step_down - GAP + EDGE
    figure = style.new_figure(width / style.DPI, height / style.DPI)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))  # pixels, from the upper left
    axes.set_axis_off()
    placed = []
    for at, (image, lines) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(at, columns)
        left, upper = EDGE + column * step_across, top + row * step_down
        scaled = _scaled(image, wide, tall)
        centred = upper + (tall - scaled.shape[0]) // 2, left + (wide - scaled.shape[1]) // 2
        placed.append((scaled, *centred))
        _write_lines(axes, lines, left, upper + tall, wide)
    if title:
        style.heading(figure, title, below, left=EDGE * 72 / style.DPI)
    return Grid(figure, placed)


def _scaled(image: np.ndarray, wide: int, tall: int) -> np.ndarray:
    """The image as large as fits; small ones are enlarged by a whole factor. Shape `(height, width, 3)`, uint8."""
    height, width = image.shape[:2]
    zoom = min(wide / width, tall / height)
    sharp = zoom >= SHARP_FROM
    if sharp:
        zoom = math.floor(zoom)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    picture = Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).convert("RGB")
    return np.asarray(picture.resize(size, Resampling.NEAREST if sharp else Resampling.HAMMING, reducing_gap=3.0))


def _write_lines(axes: Axes, lines: Sequence[Line], left: int, upper: int, wide: int) -> None:
    room = (wide + GAP - 6) * 72 / style.DPI  # points
    for number, line in enumerate(lines):
        text = text_layout.shorten(line.text, room, TEXT)
        across, down = left + wide / 2, upper + number * LINE + 13
        look: dict[str, Any] = {"size": TEXT, "color": line.color, "ha": "center", "va": "center_baseline"}
        if text.translate(SIMPLE).isascii() and text.isprintable():
            axes.add_artist(text_layout.Outlined(across, down, text, transform=axes.transData, **look))
        else:
            axes.text(across, down, text, **look)
