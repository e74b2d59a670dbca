"""One style for all plots: colours, sizes, and how a figure is created and saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.image import imsave

from cnncli.report.plots import text_layout

DPI = 150
DPI_OF_BIG = 120  # of plots larger than a page: a compromise between legibility and file size

# Masataka Okabe and Kei Ito, Color Universal Design (2008): distinct for every kind of colour vision
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, FAINT, LINE, EMPTY = "#222222", "#6b6b6b", "#d9d9d9", "#eeeeee"

RIGHT_SHADES = LinearSegmentedColormap.from_list("right", ["#ffffff", "#a9d0ea", "#3d94cc", BLUE, "#00466e"])
WRONG_SHADES = LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#fbd3b4", "#f08b3c", VERMILLION, "#8a3300"])

SMALL, NORMAL, TITLE = 8.0, 9.0, 12.0  # points

# matplotlib would write its version, by which files of equal images would differ
NO_METADATA: dict[str, Any] = {"Software": None}

# For photographs; files are 2 to 3 % larger than at the default level of 6
HALF_THE_TIME: dict[str, Any] = {"compress_level": 4}

SETTINGS = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.size": NORMAL,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a $
    "axes.titlesize": NORMAL + 1,
    "axes.titleweight": "bold",
    "axes.edgecolor": LINE,
    "axes.labelcolor": FAINT,
    "axes.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": "#ececec",
    "grid.linewidth": 0.8,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": FAINT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
}


@contextmanager
def applied(texts: Iterable[str] = ()) -> Iterator[None]:
    """Applies the style within the block, whatever the user's matplotlibrc contains; restores all settings afterwards.

    Args:
        texts: Names that will be written, for whose letters fonts are searched.
    """
    families = list(text_layout.fonts_for(text_layout.letters_of(texts))[0])
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**SETTINGS, "font.family": families})
        yield


def new_figure(width: float, height: float, dpi: int = DPI) -> Figure:
    """An empty figure that needs no display.

    Args:
        width: Inches.
        height: Inches.
        dpi: Pixels per inch.
    """
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as PNG. The same figure gives the same bytes.

    Args:
        figure: Figure of the same `applied` block: tick labels are created during drawing.
        path: File to write, ending in .png.
    """
    figure.savefig(path, format="png", dpi=figure.dpi, metadata=NO_METADATA)


def save_photographs(figure: Figure, path: Path) -> None:
    """As `save`, with 64 instead of 256 levels of each colour, which is invisible and makes the file a third smaller.

    A palette of 256 colours would be smaller still, but changes hues visibly.

    Args:
        figure: Figure of the same `applied` block.
        path: File to write, ending in .png.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    levels = (np.rint(np.arange(256) / 255 * 63) / 63 * 255).round().astype(np.uint8)  # (256,); black, white stay
    pixels = levels[np.asarray(canvas.buffer_rgba())]  # (height, width, 4)
    imsave(path, pixels, format="png", dpi=figure.dpi, metadata=NO_METADATA, pil_kwargs=HALF_THE_TIME)


def heading(figure: Figure, title: str, below: str, left: float = 12.0) -> None:
    """Writes a title and a fainter line below it, at the upper left of the figure.

    Args:
        figure: Figure that is wide enough for both.
        title: Title.
        below: Line below it.
        left: Distance from the left edge in points.
    """
    width, height = (72 * inches for inches in figure.get_size_inches())  # points
    figure.text(left / width, 1 - 12 / height, title, size=TITLE, weight="bold", va="top")
    figure.text(left / width, 1 - 31 / height, below, size=NORMAL, color=FAINT, va="top")
