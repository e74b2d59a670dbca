"""Images in the cells of a table as text: base64, alone or behind `data:image/png;base64,`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from pathlib import Path

from cnncli.data.decode.formats import HEAD, format_of

_START, _MARK = "data:image/", "base64,"


def is_encoded(cell: str) -> bool:
    """Whether a cell holds an image in base64."""
    return format_of(_decoded(cell, HEAD)) is not None


def encoded_names(cells: Sequence[str]) -> tuple[list[str], Callable[[Path], None]]:
    """Names for the images in such cells, empty where there is none, and a function that writes them into a folder."""
    kinds = [format_of(_decoded(cell, HEAD)) for cell in cells]
    names = [f"{number}{kind.suffixes[0]}" if kind else "" for number, kind in enumerate(kinds, 1)]

    def write(folder: Path) -> None:
        for name, cell in zip(names, cells, strict=True):
            if name:
                (folder / name).write_bytes(_decoded(cell))

    return names, write


def _decoded(cell: str, count: int | None = None) -> bytes:
    """The bytes in a cell, or as many as are asked for; none where it holds something else."""
    start = cell.find(_MARK) + len(_MARK) if cell.startswith(_START) else 0
    end = None if count is None else start + -(-count // 3) * 4
    try:
        return base64.b64decode(cell[start:end], validate=True)
    except (binascii.Error, ValueError):
        return b""
