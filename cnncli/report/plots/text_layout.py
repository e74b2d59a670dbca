"""Letters: which fonts can draw a name, how wide it is, how it is shortened."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

OURS = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew, Georgian …
UNDRAWABLE = "□"
HINTING = 1.04  # small letters are widened to whole pixels

# Plain sans-serif families of the usual systems go before whatever else has the letter.
PREFERRED = (
    *("Noto Sans CJK", "Noto Sans", "Source Han Sans", "Hiragino Sans", "Yu Gothic", "Meiryo", "Microsoft YaHei"),
    *("PingFang", "Malgun Gothic", "Apple SD Gothic", "Nirmala UI", "Segoe UI", "Arial Unicode", "WenQuanYi"),
    *("IPA", "Droid Sans Fallback", "Nanum", "Unifont"),
)


class Fonts(NamedTuple):
    """Fonts that together draw a set of letters.

    Args:
        families: in the order they are tried.
        missing: letters that no installed font has.
    """

    families: tuple[str, ...]
    missing: frozenset[str]


def tidy(text: str) -> str:
    """The text on one line, with its letters composed: macOS writes é in file names as e and an accent."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    shown = (" " if unicodedata.category(letter) == "Cc" else letter for letter in composed)
    return "".join(letter for letter in shown if unicodedata.category(letter) != "Cf")


def letters_of(texts: Iterable[str]) -> frozenset[str]:
    """Every letter that occurs in the texts."""
    return frozenset().union(*(tidy(text) for text in texts))


@lru_cache(maxsize=64)
def fonts_for(letters: frozenset[str]) -> Fonts:
    """Our own font and as few others as draw the letters. Others are opened only when ours lacks one."""
    families = [OURS]
    own = font_manager.get_font(font_manager.findfont(OURS))
    missing = {letter for letter in letters if not own.get_char_index(ord(letter))}
    for family, file in _other_fonts() if missing else ():
        try:
            font = font_manager.get_font(file)
        except (OSError, RuntimeError):  # removed since matplotlib listed it, or damaged: one font fewer
            continue
        if found := {letter for letter in missing if font.get_char_index(ord(letter))}:
            families.append(family)
            missing -= found
        if not missing:
            break
    return Fonts(tuple(families), frozenset(missing))


@cache
def _other_fonts() -> tuple[tuple[str, str], ...]:
    """Family and file of the upright, regular fonts of this machine, those made for plain text first."""
    fonts = {
        entry.name: str(entry.fname)
        for entry in font_manager.fontManager.ttflist
        # "Last Resort" has a glyph for every letter, and each says only which script it would be.
        if entry.style == "normal" and "Last Resort" not in entry.name and entry.weight in (400, "normal", "regular")
    }

    def place(family: str) -> tuple[int, str]:
        return next((at for at, start in enumerate(PREFERRED) if family.startswith(start)), len(PREFERRED)), family

    return tuple((family, fonts[family]) for family in sorted(fonts, key=place) if family != OURS)


def drawable(text: str) -> str:
    """The text with a box in place of each letter that no installed font has."""
    missing = fonts_for(letters_of([text])).missing
    return "".join(UNDRAWABLE if letter in missing else letter for letter in tidy(text))


def drawable_names(names: Sequence[str]) -> list[str]:
    """Class names as they can be drawn: `#3` for class 3 (from 0) when no font has its letters.

    Boxes for letters would make all such names look alike.
    """
    missing = fonts_for(letters_of(names)).missing
    return [f"#{index}" if missing & set(tidy(name)) else tidy(name) for index, name in enumerate(names)]


@cache
def _letter_width(letter: str, weight: str, families: tuple[str, ...]) -> float:
    """Width of one letter per point of font size. A picture has thousands of letters, but few different ones."""
    font = FontProperties(family=list(families), size=100, weight=weight)
    width, _, _ = RendererAgg(1, 1, 72).get_text_width_height_descent(letter, font, False)
    return width / 100


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """How wide the text is at most in the present style; kerning makes it a little narrower.

    Args:
        text: one line.
        size: of the font, in points.
        weight: `normal` or `bold`.

    Returns:
        The width in points.
    """
    families = tuple(matplotlib.rcParams["font.family"])
    return HINTING * size * sum(_letter_width(letter, weight, families) for letter in text)


def shorten(text: str, width: float, size: float, weight: str = "normal") -> str:
    """The text, with … for its middle when it is too wide; names often differ at the end.

    Args:
        text: one line.
        width: what there is room for, in points.
        size: of the font, in points.
        weight: `normal` or `bold`.
    """
    if text_width(text, size, weight) <= width:
        return text
    low, high = 0, len(text) - 1  # letters kept: `low` fit, more than `high` do not
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(_without_middle(text, middle), size, weight) <= width:
            low = middle
        else:
            high = middle - 1
    return _without_middle(text, low)


def shorten_apart(texts: Sequence[str], width: float, size: float) -> list[str]:
    """Texts as `shorten` has them; those that would look the same show where they differ, or are numbered.

    Args:
        texts: one line each.
        width: what there is room for, in points.
        size: of the font, in points.
    """
    short = [shorten(text, width, size) for text in texts]
    alike: dict[str, list[int]] = {}
    for index, text in enumerate(short):
        alike.setdefault(text, []).append(index)
    for group in alike.values():
        if len({texts[index] for index in group}) > 1:
            letters = zip(*(texts[index] for index in group), strict=False)
            same = len(list(itertools.takewhile(lambda column: len(set(column)) == 1, letters)))
            for index in group:
                short[index] = shorten(f"…{texts[index][same:].lstrip()}", width, size)
    twice = {text for text in short if len({texts[i] for i, other in enumerate(short) if other == text}) > 1}
    for number, index in enumerate((i for i, text in enumerate(short) if text in twice), start=1):
        mark = f" #{number}"
        short[index] = shorten(texts[index], width - text_width(mark, size), size) + mark
    return short


def _without_middle(text: str, kept: int) -> str:
    head = (kept * 3 + 4) // 5
    tail = kept - head
    return f"{text[:head].rstrip()}…{text[len(text) - tail :].lstrip()}"
