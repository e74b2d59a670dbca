"""Text in plots: which fonts can draw it, how wide it is, how it is shortened, and how short texts are drawn fast."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import cast

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

OURS = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew, Georgian …
UNDRAWABLE = "□"
RENDERER = RendererAgg(1, 1, 72)  # measures texts
HINTING = 1.04  # small letters are widened to whole pixels


def tidy(text: str) -> str:
    """The text on one line, with its letters composed: macOS writes é in file names as e and an accent."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    shown = (" " if unicodedata.category(letter) == "Cc" else letter for letter in composed)
    return "".join(letter for letter in shown if unicodedata.category(letter) != "Cf")


def letters_of(texts: Iterable[str]) -> frozenset[str]:
    """All letters of the texts."""
    return frozenset().union(*(tidy(text) for text in texts))


@lru_cache(maxsize=64)
def fonts_for(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Families that together draw the letters, matplotlib's own first, and the letters that no installed font has.

    Other fonts are opened only if matplotlib's own lacks a letter.
    """
    families = [OURS]
    own = font_manager.get_font(font_manager.findfont(OURS))
    missing = {letter for letter in letters if not own.get_char_index(ord(letter))}
    for family, file in _other_fonts().items() if missing else ():
        try:
            font = font_manager.get_font(file)
        except (OSError, RuntimeError):  # removed since matplotlib listed it, or damaged
            continue
        if available := {letter for letter in missing if font.get_char_index(ord(letter))}:
            families.append(family)
            missing -= available
        if not missing:
            break
    return tuple(families), frozenset(missing)


@cache
def _other_fonts() -> dict[str, str]:
    """Family and file of the upright, regular fonts of this machine, plain ones first."""
    fonts = {
        entry.name: str(entry.fname)
        for entry in font_manager.fontManager.ttflist
        # "Last Resort" has a glyph for every letter, and each only shows the script it belongs to
        if entry.style == "normal" and "Last Resort" not in entry.name and entry.weight in (400, "normal", "regular")
    }
    return {family: fonts[family] for family in sorted(fonts, key=lambda name: ("Sans" not in name, name))}


def drawable(text: str) -> str:
    """The text with a box in place of each letter that no installed font has."""
    missing = fonts_for(letters_of([text]))[1]
    return "".join(UNDRAWABLE if letter in missing else letter for letter in tidy(text))


def drawable_names(names: Sequence[str]) -> list[str]:
    """Class names as they can be drawn: `#3` for class 3 (from 0) when no font has its letters.

    Boxes for letters would make all such names look alike.
    """
    missing = fonts_for(letters_of(names))[1]
    return [f"#{index}" if missing & set(tidy(name)) else tidy(name) for index, name in enumerate(names)]


@lru_cache(maxsize=4096)
def _width(text: str, weight: str, families: tuple[str, ...]) -> float:
    """Width in points at a font size of 100."""
    font = FontProperties(family=list(families), size=100, weight=weight)
    width, _, _ = RENDERER.get_text_width_height_descent(text, font, False)
    return width


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width in points of one line of text in the present style; weight is `normal` or `bold`."""
    return HINTING * size / 100 * _width(text, weight, tuple(matplotlib.rcParams["font.family"]))


def shorten(text: str, width: float, size: float, weight: str = "normal") -> str:
    """One line of text, with … for its middle if it is wider than `width` points; names often differ at the end."""

    def is_too_wide(letters: int) -> bool:
        return text_width(_without_middle(text, letters), size, weight) > width

    if text_width(text, size, weight) <= width:
        return text
    return _without_middle(text, bisect_left(range(1, len(text)), True, key=is_too_wide))


def shorten_apart(texts: Sequence[str], width: float, size: float) -> list[str]:
    """Texts as `shorten` has them; those that would look the same begin where they differ."""
    short = {text: shorten(text, width, size) for text in texts}
    for look in set(short.values()):
        alike = [text for text in short if short[text] == look]
        if len(alike) > 1:
            same = next((at for at, letters in enumerate(zip(*alike, strict=False)) if len(set(letters)) > 1), 0)
            short |= {text: shorten(f"…{text[same:]}", width, size) for text in alike}
    return [short[text] for text in texts]


def _without_middle(text: str, letters: int) -> str:
    head = (letters * 3 + 4) // 5
    return f"{text[:head].rstrip()}…{text[len(text) - letters + head :].lstrip()}"


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
