"""One look for all pictures: colours, sizes, and how a figure is made and saved."""

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
DPI_OF_BIG = 120  # of pictures larger than a page: less would be hard to read, more hard to send

# Masataka Okabe and Kei Ito, Color Universal Design (2008): told apart with every kind of colour vision.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, FAINT, LINE, EMPTY = "#222222", "#6b6b6b", "#d9d9d9", "#eeeeee"

RIGHT_SHADES = LinearSegmentedColormap.from_list("right", ["#ffffff", "#a9d0ea", "#3d94cc", BLUE, "#00466e"])
WRONG_SHADES = LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#fbd3b4", "#f08b3c", VERMILLION, "#8a3300"])

SMALL, NORMAL, TITLE = 8.0, 9.0, 12.0  # points

# By default the version of matplotlib is written, and files differ where pictures do not.
NO_METADATA: dict[str, Any] = {"Software": None}

# Of photographs; two or three hundredths larger than at the usual level of 6.
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
    """Our look while it lasts, whatever the person's matplotlibrc says; global settings come back afterwards.

    Args:
        texts: everything foreign that will be written, so that fonts can be found for its letters.
    """
    families = list(text_layout.fonts_for(text_layout.letters_of(texts)).families)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**SETTINGS, "font.family": families})
        yield


def new_figure(width: float, height: float, dpi: int = DPI) -> Figure:
    """An empty figure that needs no display.

    Args:
        width: inches.
        height: inches.
        dpi: pixels per inch.
    """
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as PNG. The same figure gives the same bytes.

    Args:
        figure: made in the same `applied` block, for tick labels are made while drawing.
        path: file to write, ending in .png.
    """
    figure.savefig(path, format="png", dpi=figure.dpi, metadata=NO_METADATA)


def save_photographs(figure: Figure, path: Path) -> None:
    """As `save`, with 64 instead of 256 levels of each colour: no eye sees it, and the file is a third smaller.

    A palette would make it smaller still, but 256 colours for all images turn green leaves brown.

    Args:
        figure: made in the same `applied` block.
        path: file to write, ending in .png.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    levels = (np.rint(np.arange(256) / 255 * 63) / 63 * 255).round().astype(np.uint8)  # (256,); black, white stay
    pixels = levels[np.asarray(canvas.buffer_rgba())]  # (height, width, 4)
    imsave(path, pixels, format="png", dpi=figure.dpi, metadata=NO_METADATA, pil_kwargs=HALF_THE_TIME)


def heading(figure: Figure, title: str, below: str, left: float = 12.0) -> None:
    """A title and a fainter line below it, at the upper left of the figure.

    Args:
        figure: that is wide enough for both lines.
        title: bold.
        below: what the picture is of.
        left: points from the left edge.
    """
    width, height = (72 * inches for inches in figure.get_size_inches())  # points
    figure.text(left / width, 1 - 12 / height, title, size=TITLE, weight="bold", va="top")
    figure.text(left / width, 1 - 31 / height, below, size=NORMAL, color=FAINT, va="top")
