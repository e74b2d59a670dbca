"""One style for all plots: colours, sizes, and how a figure is created and saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from cnncli.report.plots import text_layout

DPI = 150
DPI_OF_BIG = 120  # of plots larger than a page: a compromise between legibility and file size

# Masataka Okabe and Kei Ito, Color Universal Design (2008): distinct for every kind of colour vision
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, FAINT, LINE = "#222222", "#6b6b6b", "#d9d9d9"

RIGHT_SHADES = LinearSegmentedColormap.from_list("right", ["#ffffff", "#a9d0ea", "#3d94cc", BLUE, "#00466e"])
WRONG_SHADES = LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#fbd3b4", "#f08b3c", VERMILLION, "#8a3300"])

SOFTWARE = "cnncli"
"""What each PNG names as its software: by it a drawing among photographs is recognised and not taken for one."""

SMALL, NORMAL, TITLE = 8.0, 9.0, 12.0  # points

SETTINGS = {
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

    Fonts are chosen for the letters of `texts`.
    """
    families = list(text_layout.fonts_for(text_layout.letters_of(texts))[0])
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**SETTINGS, "font.family": families})
        yield


def new_figure(width: float, height: float, dpi: int = DPI) -> Figure:
    """An empty figure that needs no display; width and height are in inches."""
    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Writes a figure of the same `applied` block as PNG. The same figure gives the same bytes."""
    # matplotlib would write its version, by which files of equal images would differ
    figure.savefig(path, format="png", dpi=figure.dpi, metadata={"Software": SOFTWARE})


def heading(figure: Figure, title: str, below: str, left: float = 12.0) -> None:
    """Writes a title and a fainter line below it, at the upper left of the figure; `left` is in points."""
    width, height = (72 * inches for inches in figure.get_size_inches())  # points
    figure.text(left / width, 1 - 12 / height, title, size=TITLE, weight="bold", va="top")
    figure.text(left / width, 1 - 31 / height, below, size=NORMAL, color=FAINT, va="top")
