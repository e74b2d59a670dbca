"""Sets of images of which none uses the upper half of its range: white is probably another number than it seems."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnncli.data.decode.image import brightest
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.white import FEW_LEVELS, WHITE, likely_white
from cnncli.data.files import Part
from cnncli.data.quality.inspection import FileInspection
from cnncli.errors import DataError
from cnncli.wording import counted

_LOOKED_AT = 16
_FEWEST = 3  # images below which a set of dark ones is an accident


class DarkSet(NamedTuple):
    """A number of images of 8 bits, or of more, and their greatest value; none of them has a bright pixel.

    White is that of their format, infinite where it does not say.
    """

    images: int
    greatest: float
    white: float

    @property
    def likely_white(self) -> float:
        """The value that is probably white."""
        return likely_white(self.greatest)

    def __str__(self) -> str:
        deep = "of more than 8 bits" if self.white > WHITE else "of 8 bits"
        several = f"{counted(self.images, 'image')} {deep}"
        no_pixel = f"no pixel of {several} is above {self.greatest:,g}"
        if np.isinf(self.white):
            return f"{no_pixel}, and they do not say which value is white"
        return f"{no_pixel}, although white is {self.white:,g}"


def dark_sets(
    paths: Sequence[Path | Part], inspections: Sequence[FileInspection], reading: InputFormat, every: bool = False
) -> list[DarkSet]:
    """Looks for sets that use so little of their range that white must be set: below half of that of 16 bits, or 32.

    A bright image among those of its depth ends the search, so that ordinary sets cost little.

    Where `reading` sets white, no set is dark. Of a set that seems to be, 16 files are looked at, or `every` one.
    """
    sets: list[DarkSet] = []
    for is_deep in (True, False) if reading.white is None else ():
        limit = WHITE // 2 if is_deep else FEW_LEVELS
        of_depth = [
            (path, one)
            for path, one in zip(paths, inspections, strict=True)
            if not one.problem and one.dicom is None and ("sixteen-bit" in one.traits) == is_deep
        ]
        some = [path for path, _ in of_depth]
        dark = None if any(one.brightness > limit for _, one in of_depth) else _dark(_spread(some), reading)
        if dark and every and len(some) > _LOOKED_AT:
            dark = _dark(some, reading)
        if dark:
            sets.append(dark)
    return sets


def _dark(paths: Sequence[Path | Part], reading: InputFormat) -> DarkSet | None:
    """What the images are, if none of them is bright."""
    images, greatest, white = 0, 0.0, 0.0
    for value, own in _extents(paths, reading):
        if value > (FEW_LEVELS if own == WHITE else own / 2):
            return None
        images, greatest, white = images + 1, max(greatest, value), max(white, own)
    return DarkSet(images, greatest, white) if images >= _FEWEST and greatest else None


def _extents(paths: Sequence[Path | Part], reading: InputFormat) -> Iterator[tuple[float, float]]:
    for path in paths:
        with contextlib.suppress(DataError):  # which is told of elsewhere
            yield brightest(path, reading)


def _spread(paths: Sequence[Path | Part]) -> list[Path | Part]:
    places = np.linspace(0, len(paths) - 1, min(len(paths), _LOOKED_AT)).astype(int)
    return [paths[place] for place in places.tolist()]
