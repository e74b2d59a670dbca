"""What columns are usually called, and the names of classes that a table numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cnncli.data.inventory.location import existing_file
from cnncli.data.sources.rows import Row
from cnncli.errors import DataError
from cnncli.observer import Notice
from cnncli.wording import counted, some

GUESSES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "image": (
        ("path", "file", "filename", "filepath", "image", "imagepath", "imagefile", "imagename", "img", "imgpath"),
        ("imageid", "imgid", "name", "pixels", "images", "filenames", "id"),
    ),
    "label": (
        ("label", "class", "category", "target", "classname", "labelname"),
        ("choice", "dx", "emotion", "diagnosis", "species", "labels", "classes", "targets", "labelid", "classid"),
    ),
    "split": (("split", "subset", "partition"),),
}
"""Names of columns by what they hold; those of the second group only where there is none of the first."""


def simplified(name: str) -> str:
    """The letters and digits of a name in lower case, by which it is compared."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def named_labels(table: Path, rows: list[Row], names: Path | str, notice: Notice) -> list[Row]:
    """The rows with names in place of numbers; they count from 0, or from 1 where the last number says so."""
    file = existing_file(names)
    words = [line.strip() for line in file.read_text("utf-8-sig", errors="replace").splitlines() if line.strip()]
    numbers = {row.label: _number(row.label) for row in rows if row.label}
    wrong = [label for label, number in numbers.items() if number is None]
    if wrong:
        raise DataError(f"{table} has labels that are not numbers: {some(wrong)}", "leave out names")
    values = {number for number in numbers.values() if number is not None}
    first = 1 if values and min(values) > 0 and max(values) == len(words) else 0
    if outside := sorted(value for value in values if not 0 <= value - first < len(words)):
        raise DataError(
            f"{table} has the label {outside[-1]}, and {file} has {counted(len(words), 'name')}, from 0 on",
            "expected one name in each line",
        )
    if first:
        notice(f"{table}: labels count from 1, so that 1 is {words[0]}, the first name of {file}")
    return [row._replace(label=words[numbers[row.label] - first]) if row.label else row for row in rows]  # type: ignore[operator]


def _number(label: str) -> int | None:
    try:
        return int(float(label)) if float(label) == int(float(label)) else None
    except (ValueError, OverflowError):
        return None
