"""Short texts drawn as shapes, for the hundreds of numbers in a matrix and the names below images."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import cast

import matplotlib
import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D


class Outlined(Text):
    """One line, centred on its position; without kerning and without support for complex scripts.

    matplotlib spends most of its time on laying out and rasterising texts; here each letter is prepared once.
    """

    def draw(self, renderer: RendererBase) -> None:
        """Draws the text."""
        if not self.get_text():
            return
        families = tuple(matplotlib.rcParams["font.family"])
        x, y = self.get_transform().transform(self.get_position())
        scale = cast(float, renderer.points_to_pixels(self.get_fontsize())) / text_to_path.FONT_SCALE
        gc = renderer.new_gc()
        gc.set_linewidth(0)
        place = Affine2D().scale(scale).translate(x, y)
        renderer.draw_path(gc, _outline(self.get_text(), families), place, to_rgba(self.get_color(), self.get_alpha()))


@lru_cache(maxsize=1024)
def _outline(text: str, families: tuple[str, ...]) -> Path:
    """The text around the origin."""
    corners, codes, end = [], [], 0.0
    for letter in text:
        vertices, kinds, width, _ = _letter(letter, families)
        corners.append(vertices + np.array([end, 0]))
        codes.append(kinds)
        end += width
    middle = np.array([end, _letter("0", families)[3]]) / 2
    return Path(np.concatenate(corners) - middle, np.concatenate(codes))


@cache
def _letter(letter: str, families: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Corners `(points, 2)`, their codes `(points,)`, width to the next letter, and height."""
    font = FontProperties(family=list(families), size=text_to_path.FONT_SCALE)
    width, height, _ = text_to_path.get_text_width_height_descent(letter, font, False)
    vertices, codes = text_to_path.get_text_path(font, letter)  # of a space there are none
    return np.reshape(vertices, (-1, 2)), np.array(codes, Path.code_type), width, height
