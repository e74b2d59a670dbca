"""Images whose pixels are numbers in a table: all in one cell, or each in a column of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isqrt
from pathlib import Path

import numpy as np

from cnncli.errors import DataError

_FEWEST = 16  # pixels: four numbers in a cell may be anything
_FEWEST_UNNAMED = 64  # in columns that nothing names: with fewer, numbers may be measurements
_NUMBER = re.compile(r"\d+(\.\d+)?")
_COLUMN = re.compile(r"(pixel|px|p)[ _]?\d+|\d+x\d+", re.IGNORECASE)


def is_pixels(cell: str) -> bool:
    """Whether a cell holds the numbers of a square image."""
    numbers = cell.split()
    return len(numbers) >= _FEWEST and isqrt(len(numbers)) ** 2 == len(numbers) and all(map(str.isdecimal, numbers))


def pixel_columns(header: Sequence[str]) -> list[int]:
    """The columns that are called `pixel0`, `pixel1` … or `1x1`, `1x2` …, if they make a square, grey or coloured."""
    columns = [at for at, name in enumerate(header) if _COLUMN.fullmatch(name)]
    return columns if len(columns) >= _FEWEST and _shape(len(columns)) else []


def names_of_pixels(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names for the columns of a table without any: those of pixels, and of the label before or behind them.

    Empty unless the first row has nothing but numbers, one more than a square has pixels. A corner of the images that
    is always the same is no label; else the label has the fewest values, and is the first where both have as many.
    """
    first = rows[0] if rows else []
    count = len(first) - 1
    if count < _FEWEST_UNNAMED or not _shape(count) or not all(map(_NUMBER.fullmatch, first)):
        return []
    at_start, at_end = (len({row[at] for row in rows}) for at in (0, -1))
    pixels = [f"pixel{number}" for number in range(count)]
    return [*pixels, "label"] if at_end > 1 and (at_start == 1 or at_end < at_start) else ["label", *pixels]


def _shape(count: int) -> tuple[int, int, int] | None:
    for channels in (1, 3):
        side = isqrt(count // channels)
        if side * side * channels == count:
            return side, side, channels
    return None


def pixel_names(table: Path, rows: Sequence[Sequence[str]]) -> tuple[list[str], Callable[[Path], None]]:
    """Names for the images of such rows, and a function that writes them into a folder, as Netpbm files."""
    kinds = [_shape(len(cells[0].split()) if len(cells) == 1 else len(cells)) for cells in rows]
    names = [f"{number}{'.ppm' if kind and kind[2] == 3 else '.pgm'}" for number, kind in enumerate(kinds, 1)]

    def write(folder: Path) -> None:
        for name, cells, kind in zip(names, rows, kinds, strict=True):
            numbers = cells[0].split() if len(cells) == 1 else cells
            try:
                values = np.array(numbers, np.float64)
            except ValueError:
                raise DataError(f"{table}: image {Path(name).stem} has pixels that are not numbers") from None
            if kind is None or not ((values >= 0) & (values <= 255)).all():
                found = (
                    f"{len(numbers)} numbers" if kind is None else f"pixels from {values.min():g} to {values.max():g}"
                )
                raise DataError(
                    f"{table}: image {Path(name).stem} has {found}", "expected squares of whole numbers from 0 to 255"
                )
            height, width, channels = kind
            head = f"P{6 if channels == 3 else 5}\n{width} {height}\n255\n".encode()
            (folder / name).write_bytes(head + np.rint(values).astype(np.uint8).tobytes())

    return names, write
