"""What columns are usually called, and the names of classes that a table numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnncli.data.inventory.location import existing_file
from cnncli.data.sources.rows import Row
from cnncli.errors import DataError
from cnncli.notices import Notice
from cnncli.wording import counted, some

GUESSES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "image": (
        ("path", "file", "filename", "filepath", "image", "imagepath", "imagefile", "imagename", "img", "imgpath"),
        ("url", "uri", "imageurl", "imageuri", "filepaths", "imagepaths", "imagefilename", "imagefilepath"),
        ("imageid", "imgid", "name", "pixels", "images", "filenames", "imagenames", "id"),
    ),
    "label": (
        ("label", "class", "category", "target", "classname", "labelname"),
        ("choice", "dx", "emotion", "diagnosis", "species", "labels", "classes", "targets", "labelid", "classid"),
    ),
    "split": (("split", "subset", "partition"),),
}
"""Names of columns by what they hold; those of a later group only where there is none of those before."""

_NAME_AND_NUMBER = re.compile(r"(\S.*?)[ \t,;:]+(\d{1,9})")
_NUMBER_AND_NAME = re.compile(r"(\d{1,9})[ \t]*[ \t,;:][ \t]*(\S.*)")


def simplified(name: str) -> str:
    """The letters and digits of a name in lower case, by which it is compared."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def named_labels(table: Path, rows: list[Row], names: Path | str, notice: Notice) -> list[Row]:
    """The rows with names in place of numbers; they count from 0, or from 1 where the last number says so."""
    file = existing_file(names)
    words = names_in(file)
    numbers = {row.label: _number(row.label) for row in rows if row.label}
    wrong = [label for label, number in numbers.items() if number is None]
    if wrong:
        raise DataError(f"{table} has labels that are not numbers: {some(wrong)}", "leave out names")
    values = {number for number in numbers.values() if number is not None}
    first = (
        1 if words.keys() == set(range(len(words))) and values and min(values) > 0 and max(values) == len(words) else 0
    )
    if outside := sorted(value for value in values if value - first not in words):
        raise DataError(
            f"{table} has the label {outside[-1]}, and {file} has {counted(len(words), 'name')}, "
            f"from {min(words, default=0)} on",
            "expected one name in each line, or a number and its name",
        )
    if first:
        notice(f"{table}: labels count from 1, so that 1 is {words[0]}, the first name of {file}")
    return [row._replace(label=words[numbers[row.label] - first]) if row.label else row for row in rows]  # type: ignore[operator]


def names_in(file: Path) -> dict[int, str]:
    """The names of classes by number, as a file has them; empty where it has none.

    Each line has a name, from 0 on, or a number and its name, a name and its number, or two columns of these below a
    header. Of JSON, it is a
    list of names, or an object that maps numbers to names or names to numbers.
    """
    text = file.read_text("utf-8-sig", errors="replace")
    if file.suffix.lower() == ".json":
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return _names_in_json(content)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    behind = [_NAME_AND_NUMBER.fullmatch(line) for line in lines]
    numbers = sorted(int(each[2]) for each in behind if each)
    if len(lines) > 1 and numbers in ([*range(len(lines))], [*range(1, len(lines) + 1)]):
        return {int(each[2]): each[1] for each in behind if each}
    numbered = [_NUMBER_AND_NAME.fullmatch(line) for line in lines]
    if len(lines) > 1 and all(numbered[1:]):
        names = {int(each[1]): each[2].strip('"') for each in numbered if each}
        count = sum(each is not None for each in numbered)
        if names.keys() in (set(range(count)), set(range(1, count + 1))):  # else `7 up` is all of a name
            return names
    return dict(enumerate(lines))


def _names_in_json(content: Any) -> dict[int, str]:
    if isinstance(content, list):
        return {number: str(name) for number, name in enumerate(content)}
    if not isinstance(content, dict):
        return {}
    by_number = {_number(str(key)): value for key, value in content.items() if isinstance(value, str)}
    if len(by_number) < len(content) or None in by_number:
        by_number = {_number(str(value)): key for key, value in content.items()}
    return {} if None in by_number or len(by_number) < len(content) else by_number  # type: ignore[return-value]


def _number(label: str) -> int | None:
    try:
        return int(float(label)) if float(label) == int(float(label)) else None
    except (ValueError, OverflowError):
        return None
