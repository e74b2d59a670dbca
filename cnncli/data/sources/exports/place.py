"""A file or folder that may be an export, and its contents, each read once and only when it is needed."""

from __future__ import annotations

import csv
import io
import json
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cnncli.data.sources.rows.text import DELIMITERS, encoding_of, table_text
from cnncli.errors import DataError

_TABLES = (".csv", ".tsv", ".txt", ".lst")
_HEAD, _ROWS = 1 << 16, 10  # bytes and lines of a table that tell what it is


class Place:
    """A file or folder.

    Args:
        path: Where it is; something is there.
        label: The question to read the answers to, where an export may have several.
    """

    def __init__(self, path: Path, label: str | None = None) -> None:
        self.path, self.label = path, label

    def is_file(self, *suffixes: str) -> bool:
        """Whether it is a file with one of these suffixes."""
        return self.path.suffix.lower() in suffixes and self.path.is_file()

    @cached_property
    def text(self) -> str:
        """The contents of the file as text."""
        return table_text(self.path)

    @cached_property
    def json(self) -> Any:
        """The contents of a JSON file; None when it is none."""
        try:
            return json.loads(self.text) if self.is_file(".json") else None
        except (ValueError, RecursionError, DataError):
            return None

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of a JSON list; empty when it is none."""
        content = self.json if isinstance(self.json, list) else []
        return content if all(isinstance(each, dict) for each in content) else []

    @cached_property
    def xml(self) -> ElementTree.Element | None:
        """The root of an XML file; None when it is none."""
        return xml_root(self.path) if self.is_file(".xml") else None

    @cached_property
    def cells(self) -> list[list[str]]:
        """The rows of a CSV file; empty when it is none."""
        return _cells(self.text) if self.is_file(*_TABLES) else []

    @cached_property
    def head(self) -> list[list[str]]:
        """The first rows of a CSV file; empty when it is none."""
        if not self.is_file(*_TABLES):
            return []
        try:
            with self.path.open("rb") as stream:
                data = stream.read(_HEAD)
        except OSError:
            return []
        lines = data.decode(encoding_of(data), "replace").split("\n")[:_ROWS]
        return _cells("\n".join(lines[: -1 if len(data) == _HEAD and len(lines) < _ROWS else None]))

    @property
    def header(self) -> list[str]:
        """The first row of a CSV file, by which most are recognised."""
        return self.head[0] if self.head else []

    @cached_property
    def records(self) -> list[dict[str, str]]:
        """The rows of a CSV file as mappings from the names of its columns."""
        return [dict(zip(self.header, row, strict=False)) for row in self.cells[1:]]


def _cells(text: str) -> list[list[str]]:
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return []
    return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]


def xml_root(file: Path) -> ElementTree.Element | None:
    """The root of an XML file; None when it is damaged or none."""
    try:
        return ElementTree.parse(file).getroot()
    except (ElementTree.ParseError, OSError, ValueError, LookupError):
        return None


def json_object(line: str) -> dict[str, Any]:
    """The object in a line of JSON lines; empty when it is none."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
