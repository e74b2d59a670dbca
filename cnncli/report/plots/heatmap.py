"""An image beside its heat map, which is laid over the image in grey."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import IO

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from PIL import Image

from cnncli.records import HeatMap
from cnncli.report.plots import style, text_layout
from cnncli.report.plots.grid import SHARP_FROM

PANEL = 3.2  # inches, the longer side of a picture
EDGE, GAP, BAR, TOP, BELOW = 0.2, 0.25, 0.12, 0.62, 0.7  # inches; BAR is the width of the colour bar
SCALE = 0.75  # inches right of it
OPACITY = 0.6
COLORS = "plasma"  # even steps of lightness, and told apart with every kind of colour vision
HALF = 0.5  # what lies within the line has at least half of the greatest evidence
WORDS = {"layercam": "LayerCAM", "gradcam": "Grad-CAM", "occlusion": "Occlusion"}


def draw_heat_map(heat: HeatMap, file: Path | IO[bytes]) -> None:
    """Draws the image and, beside it, where the evidence for a class was, with the answer above and the check below."""
    name = PurePath(heat.prediction.image).name
    with style.applied([heat.class_name, heat.prediction.class_name, name]):
        figure = figure_of(heat)
        FigureCanvasAgg(figure)
        figure.savefig(file, format="png", dpi=style.DPI, metadata={"Software": style.SOFTWARE})


def figure_of(heat: HeatMap) -> Figure:
    """The figure of `draw_heat_map`; to be created and saved in one `style.applied` block."""
    name = text_layout.drawable(PurePath(heat.prediction.image).name)
    height, width = heat.picture.shape[:2]
    panel = PANEL / max(height, width)  # inches a pixel
    high, wide = height * panel, width * panel
    total = EDGE + 2 * wide + 2 * GAP + BAR + SCALE
    full = max(total, 6.0)
    left = EDGE + (full - total) / 2
    figure = style.new_figure(full, TOP + high + BELOW)

    def axes(x: float, across: float) -> Axes:
        size = (full, TOP + high + BELOW)
        return figure.add_axes((x / size[0], BELOW / size[1], across / size[0], high / size[1]))

    image, over, bar = axes(left, wide), axes(left + wide + GAP, wide), axes(left + 2 * (wide + GAP), BAR)
    _show_picture(image, heat.picture, PANEL * style.DPI / max(height, width))
    _show_map(over, heat, (round(high * style.DPI), round(wide * style.DPI)))
    _show_scale(figure, bar)
    room = (full - 2 * EDGE) * 72  # points
    answer = answer_of(heat)
    style.heading(
        figure,
        text_layout.shorten(answer, room, style.TITLE, "bold"),
        text_layout.shorten(name, room, style.NORMAL),
        left=EDGE * 72,
    )
    for number, line in enumerate(texts_below(heat)):
        short = text_layout.shorten(line, room, style.SMALL)
        down = (BELOW - 0.2 - 0.17 * number) / (TOP + high + BELOW)
        figure.text(EDGE / full, down, short, size=style.SMALL, color=style.FAINT, va="top")
    return figure


def answer_of(heat: HeatMap) -> str:
    """The predicted class, and that of the evidence if it is another."""
    predicted, shown = _name(heat, heat.prediction.class_name), _name(heat, heat.class_name)
    answer = f"Predicted: {predicted} ({heat.prediction.probability:.2f})"
    return answer if shown == predicted else f"{answer}; evidence for {shown} ({heat.probability:.2f})"


def texts_below(heat: HeatMap) -> tuple[str, str]:
    """What the map is and how exact, and what the check says."""
    rows, columns = heat.cells
    name = _name(heat, heat.class_name)
    what = f"Evidence for {name} by {WORDS[heat.method]}" if heat.has_evidence else f"No evidence for {name} was found"
    cells = f"{what}; made of {rows}×{columns} cells, so nothing smaller is located."
    check = heat.covered
    covered = (
        f"Probability {heat.probability:.2f}; with the hottest tenth covered {check.hottest:.2f}, "
        f"with as much covered elsewhere {check.elsewhere:.2f}."
    )
    return cells, covered


def _name(heat: HeatMap, class_name: str) -> str:
    """The name as it can be drawn: by the number of its class where no font has its letters."""
    names = heat.prediction.class_names
    return text_layout.drawable_names(names)[names.index(class_name)]


def _show_picture(axes: Axes, picture: np.ndarray, zoom: float) -> None:
    axes.imshow(picture, interpolation="nearest" if zoom >= SHARP_FROM else "auto", aspect="auto")
    axes.set_axis_off()


def _show_map(axes: Axes, heat: HeatMap, size: tuple[int, int]) -> None:
    """The map over the picture in grey, of less contrast so that it does not change the colours much."""
    grey = heat.picture @ np.array([0.299, 0.587, 0.114]) / 255  # (height, width)
    height, width = grey.shape
    extent = (0, width, height, 0)
    axes.imshow(0.25 + grey / 2, cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto")
    values = np.asarray(Image.fromarray(heat.values).resize(size[::-1], Image.Resampling.BILINEAR))
    axes.imshow(values, cmap=COLORS, vmin=0, vmax=1, alpha=OPACITY, extent=extent, aspect="auto")
    if values.max() > HALF > values.min():
        across, down = (np.arange(count) + 0.5 for count in size[::-1])
        axes.contour(across * width / size[1], down * height / size[0], values, [HALF], colors="white", linewidths=1.0)
    axes.set_axis_off()


def _show_scale(figure: Figure, axes: Axes) -> None:
    """The colours over the grey of a picture."""
    axes.set_facecolor("0.5")
    bar = figure.colorbar(ScalarMappable(cmap=matplotlib.colormaps[COLORS]), cax=axes, alpha=OPACITY)
    bar.set_ticks([0, HALF, 1], labels=["none", "half", "most"])
    bar.ax.axhline(HALF, color="white", linewidth=1.0)
    bar.outline.set_visible(False)
