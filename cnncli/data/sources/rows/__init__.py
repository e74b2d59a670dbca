"""What a table or an export of a labelling tool says, row by row: an image, its label, its split and its group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cnncli.data.samples import Unused


class Row(NamedTuple):
    """One image as a table names it."""

    place: str  # where the row stands, for messages: `line 3`
    name: str  # the image as it is written; later its path from the root on
    label: str  # name of its class; empty for none
    split: str = "train"  # its split as it is written, `train` where the table has none
    group: str = ""  # its group; empty for none


@dataclass
class Listing:
    """All rows of a file, before any image was looked for.

    Args:
        rows: The rows.
        files: The files that were read.
        problems: Rows that are wrong.
        unused: Images without a row: skipped tasks, those on which annotators disagree.
        label_columns: The columns that the labels are from.
        pixels: For images that are inside of the table, a function that writes them into a folder under their names.
    """

    rows: list[Row]
    files: tuple[Path, ...] = ()
    problems: list[str] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    label_columns: tuple[str, ...] = ()
    pixels: Callable[[Path], None] | None = None


@dataclass
class Grid:
    """The cells of a table as text.

    Args:
        header: Names of the columns.
        rows: For each row where it stands, and its cells.
        names_columns: What the message says of where the names of the columns come from.
        pixels: For each column that holds encoded images, a function that writes them under the names in its cells.
        classes: Columns of which the file itself says that they hold classes.
    """

    header: list[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    names_columns: str
    pixels: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    classes: Sequence[str] = ()
