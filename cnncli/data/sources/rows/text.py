"""The text of a table in whatever encoding it is, and the cells of CSV, TSV and lists."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from itertools import takewhile
from pathlib import Path

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.sources.rows import Grid
from cnncli.data.sources.rows.pixel_cells import names_of_pixels
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.wording import counted, some

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\r\n]+')
"""The line that Excel writes and reads before a table, to say which delimiter it has."""

_IMAGE_AND_LABEL = re.compile(rf"(.*(?:{'|'.join(map(re.escape, SUFFIXES))}))[ \t]+(\S.*)", re.IGNORECASE)
"""A line of a list such as Caffe reads: an image, blanks, and its label."""

csv.field_size_limit(1 << 27)  # characters: a cell may hold all of an image, and Python's limit is 131,072

_GZIP = b"\x1f\x8b"

_SEEN = 4096
"""Bytes that tell UTF-16 without a mark: every other one of Latin letters is zero."""


def table_text(file: Path, encoding: str | None = None, notice: Notice = ignore) -> str:
    """The text of a file, gzipped or not: UTF-8, UTF-16 with or without a mark, or Windows-1252, with a notice.

    Raises:
        DataError: It cannot be read, or is not text in the encoding.
    """
    try:
        data = file.read_bytes()
        data = gzip.decompress(data) if data.startswith(_GZIP) else data
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
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
    """The cells of CSV or TSV, or of a list with an image and its label in each line.

    A header is missing where the first row has an image in it, or has nothing but numbers, as many as a square has
    pixels beside a label; columns are then called 1, 2 … or by what they hold.

    Raises:
        DataError: It is not well-formed; the line is named.
    """
    if separator := _SEPARATOR_LINE.match(text):
        delimiter, text = delimiter or separator[1], text[separator.end() :]
    remarks = _remarks(text)
    text = text[len("".join(remarks)) :]
    first = text.partition("\n")[0]
    lines = 1 + bool(separator) + len(remarks)
    is_list = delimiter is None and not any(mark in first for mark in DELIMITERS)
    if is_list and (rows := _images_and_labels(text, lines)):
        return Grid(["1", "2"], rows, "its columns, divided by blanks, have no names and are called 1, 2")
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                rows.append((f"line {reader.line_num + lines - 1}", [field.strip() for field in fields]))
    except csv.Error as error:
        raise DataError(
            f"{file}:{reader.line_num + lines - 1} cannot be read as a table: {error}",
            "a field that begins with a quote must end with one; quotes inside of it are doubled",
        ) from error
    if not rows:
        raise DataError(f"{file} is empty", "expected a row for each image below the names of the columns")
    header = rows[0][1]
    rows = [(place, _without_empty_ends(fields, len(header))) for place, fields in rows]
    by = f"divided by {DELIMITERS.get(delimiter, repr(delimiter))}s"
    for place, fields in rows:
        if len(fields) != len(header):
            raise DataError(
                f"{file}:{place.removeprefix('line ')} has {counted(len(fields), 'field')}, and the first row "
                f"has {len(header)}",
                f"fields with a {DELIMITERS.get(delimiter, 'delimiter')} in them need quotes"
                if len(fields) > len(header)
                else f"an empty field needs its {DELIMITERS.get(delimiter, 'delimiter')} as well",
            )
    if any(is_image_name(name) for name in header):
        names = [str(number) for number in range(1, len(header) + 1)]
        return Grid(names, rows, f"its columns, {by}, have no names and are called {some(names)}")
    if of_pixels := names_of_pixels([fields for _, fields in rows]):
        rows = rows[len(set(header)) == len(header) :]  # pandas takes the first row for names and makes all differ
        return Grid(of_pixels, rows, f"its columns, {by}, have no names: a label and {len(header) - 1} pixels")
    return Grid(header, rows[1:], f"its first row, {by}, names {some(header) or 'none'}")


def _remarks(text: str) -> list[str]:
    """The lines before a table that begin with `#` and have fewer fields than what follows: who wrote it, when."""
    lines = text.splitlines(keepends=True) if text.startswith("#") else []
    remarks = list(takewhile(lambda line: line.startswith("#"), lines))
    most = _fields(lines[len(remarks)]) if len(lines) > len(remarks) else 0
    return remarks if all(_fields(line) < most for line in remarks) else []


def _fields(line: str) -> int:
    """The number of fields in a line, with the delimiter that makes most of them."""
    return max(len(next(csv.reader([line], delimiter=mark), [])) for mark in DELIMITERS)


def _without_empty_ends(fields: list[str], count: int) -> list[str]:
    """The fields of a row up to those of the first row, if what follows them is empty."""
    return fields if len(fields) <= count or any(fields[count:]) else fields[:count]


def _images_and_labels(text: str, first_line: int) -> list[tuple[str, list[str]]]:
    """The rows of a list with blanks between an image and its label; none when a line is something else."""
    rows = []
    for number, line in enumerate(text.splitlines(), first_line):
        if not line.strip():
            continue
        parts = _IMAGE_AND_LABEL.fullmatch(line.strip())
        if parts is None:
            return []
        rows.append((f"line {number}", [parts[1], parts[2]]))
    return rows


def is_image_name(text: str) -> bool:
    """Whether a cell ends like the name of an image."""
    _, dot, suffix = text.strip().rpartition(".")
    return bool(dot) and f".{suffix.lower()}" in SUFFIXES
