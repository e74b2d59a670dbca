"""The list of a run's images: `images.csv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnncli.errors import RunError
from cnncli.runs.untrusted import Unreadable, read_bytes

MANIFEST = "images.csv"
"""The file of a run that lists every image with its split, class and hash."""

COLUMNS = ("split", "origin", "image", "class", "content")
"""Its columns; where `data.split.group` keeps images together, the group of each image is a further one."""

GROUP = "group"

Row = Mapping[str, str]
"""An image, by these columns."""

SPLITS = ("train", "validation", "test")

MAX_RECORD = 1 << 30
"""Bytes of it; those of a million images are about a tenth of that."""


def read_manifest(path: Path, class_names: Sequence[str]) -> list[Row]:
    """Reads the list of a run's images.

    Raises:
        RunError: It is damaged.
    """
    try:
        text = read_bytes(path, MAX_RECORD).decode("utf-8", "surrogateescape")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (Unreadable, csv.Error) as error:
        raise RunError(f"'{path}' cannot be read: {error}") from None
    columns = tuple(rows[0]) if rows else ()
    if len(rows) < 2 or columns not in (COLUMNS, (*COLUMNS, GROUP)) or any(len(row) != len(columns) for row in rows):
        raise RunError(f"'{path}' is damaged: it does not list the images of the run")
    named: list[Row] = [dict(zip(columns, row, strict=True)) for row in rows[1:]]
    if not {"train", "test"} <= {row["split"] for row in named} <= {"train", "validation", "test"}:
        raise RunError(f"'{path}' is damaged: a run has train and test images, and may have validation images")
    unknown = next((row["class"] for row in named if row["class"] not in class_names), None)
    if unknown is not None:
        raise RunError(f"'{path}' is damaged: data.json has no class '{unknown}'")
    return named
