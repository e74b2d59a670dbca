"""The text of a table in whatever encoding it is, and its cells: CSV, TSV, JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.sources.rows import Grid
from cnncli.errors import DataError
from cnncli.observer import Notice, ignore
from cnncli.wording import counted, some

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

_SEEN = 4096
"""Bytes that tell UTF-16 without a mark: every other one of Latin letters is zero."""


def table_text(file: Path, encoding: str | None = None, notice: Notice = ignore) -> str:
    """The text of a file: UTF-8, UTF-16 with or without a byte-order mark, or Windows-1252, with a notice.

    Raises:
        DataError: It cannot be read, or is not text in the encoding.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from error
    recognised = encoding or encoding_of(data)
    try:
        return data.decode(recognised)
    except LookupError:
        raise DataError(f"there is no encoding {encoding!r}", "common ones: utf-8, utf-16, cp1252, cp1251") from None
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        if encoding is None and recognised == "utf-8-sig":
            try:
                text = data.decode("cp1252")
            except UnicodeDecodeError:
                pass
            else:
                read = "is not UTF-8, and is read as Windows-1252 (cp1252)"
                notice(f"{file}:{line} {read}; if letters look wrong, set data.source.table.encoding")
                return text
        said = "UTF-8" if encoding is None else encoding
        raise DataError(
            f"{file}:{line} is not {said} text",
            "set data.source.table.encoding to its encoding, or save the table as UTF-8 (in Excel: CSV UTF-8)",
        ) from error


def encoding_of(data: bytes) -> str:
    """The encoding of a text that begins like this: UTF-16 with or without a mark, or else UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = data[:_SEEN]
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    return "utf-16-be" if head[::2].count(0) > len(head) // 4 else "utf-8-sig"


def delimited(file: Path, text: str, delimiter: str | None) -> Grid:
    """The cells of CSV or TSV. Without a header, which is told by an image in the first row, columns are called 1, 2 …

    Raises:
        DataError: It is not well-formed; the line is named.
    """
    first = text.partition("\n")[0]
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(f"line {reader.line_num}", fields) for fields in reader if any(field.strip() for field in fields)]
    except csv.Error as error:
        raise DataError(f"{file}:{reader.line_num} cannot be read as a table: {error}") from error
    header = [name.strip() for name in rows[0][1]] if rows else []
    by = f"divided by {DELIMITERS.get(delimiter, repr(delimiter))}s"
    names_columns = f"its first row, {by}, names {some(header) or 'none'}"
    if any(is_image_name(name) for name in header):
        header = [str(number) for number in range(1, len(header) + 1)]
        names_columns = f"its columns, {by}, have no names and are called {some(header)}"
    else:
        rows = rows[1:]
    for place, fields in rows:
        if len(fields) != len(header):
            raise DataError(
                f"{file}:{place.removeprefix('line ')} has {counted(len(fields), 'field')}, and the first row "
                f"has {len(header)}",
                f"fields with a {DELIMITERS.get(delimiter, 'delimiter')} in them need quotes",
            )
    return Grid(header, [(place, [field.strip() for field in fields]) for place, fields in rows], names_columns)


def json_lines(file: Path, text: str) -> Grid:
    """The cells of a file with one JSON object in each line.

    Raises:
        DataError: A line is no JSON object.
    """
    objects = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}:{number} is not JSON: {error}", "expected one JSON object in each line") from None
        if not isinstance(content, dict):
            raise DataError(f"{file}:{number} is not a JSON object", 'expected {"file_name": …, "label": …}')
        objects.append((f"line {number}", content))
    return grid_of_objects(objects)


def grid_of_objects(objects: Sequence[tuple[str, dict[str, Any]]]) -> Grid:
    """The cells of JSON objects; their columns are the keys of all."""
    header = list(dict.fromkeys(key for _, content in objects for key in content))
    rows = [(place, [cell(content.get(key)) for key in header]) for place, content in objects]
    return Grid(header, rows, f"its keys are {some(header) or 'none'}")


def cell(value: Any) -> str:
    """A value as the text of a cell: nothing is empty, and lists and objects are JSON."""
    if value is None or (isinstance(value, float) and value != value):  # NaN stands for nothing
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value).strip()


def is_image_name(text: str) -> bool:
    """Whether a cell ends like the name of an image."""
    _, dot, suffix = text.strip().rpartition(".")
    return bool(dot) and f".{suffix.lower()}" in SUFFIXES
