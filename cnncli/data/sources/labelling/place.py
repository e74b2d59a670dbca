"""A file or folder that may be an export, and its contents, each read once and only when it is needed."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.names.split_names import says_nothing, split_of, splits_named
from cnncli.data.sources.rows.text import DELIMITERS, encoding_of, table_text
from cnncli.errors import DataError
from cnncli.wording import some

_TABLES = (".csv", ".tsv", ".txt", ".lst")
_OBJECTS = (".json", ".labels")
_LINES = (".jsonl", ".ndjson", ".manifest")
_IN_FOLDERS = (".json", ".labels", ".jsonl", ".ndjson", ".manifest", ".csv", ".tsv", ".xml", ".lst")
_UNREAD = (".datum", ".arrow", ".tfrecord", ".tfrecords", ".record", ".pkl", ".pickle", ".h5", ".hdf5", ".json", ".xml")
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_DEEPEST = 3  # folders within each other that may hold annotations
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

    def question(self, asked: Collection[str], kind: str = "questions") -> str:
        """The question to read the answers to: the one that is named, or the only one; empty when there is none.

        Raises:
            DataError: There are several, and none of them is named.
        """
        if self.label in asked or (self.label is None and len(asked) < 2):
            return self.label or next(iter(asked), "")
        has = f"has answers to several {kind}: " if self.label is None else f"has no '{self.label}' among its {kind}: "
        raise DataError(f"{self.path} {has}{some(sorted(asked))}", "name one in data.source.table.label_column")

    @cached_property
    def text(self) -> str:
        """The contents of the file as text."""
        return table_text(self.path)

    @cached_property
    def json(self) -> Any:
        """The contents of a JSON file; None when it is none."""
        try:
            return json.loads(self.text) if self.is_file(*_OBJECTS) else None
        except (ValueError, RecursionError, DataError):
            return None

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of a JSON list; empty when it is none."""
        content = self.json if isinstance(self.json, list) else []
        return content if all(isinstance(each, dict) for each in content) else []

    @cached_property
    def lines(self) -> list[tuple[str, dict[str, Any]]]:
        """The objects of JSON lines, each with its place; empty when the first is none."""
        if not self.is_file(*_LINES) or not json_object(self.text.partition("\n")[0]):
            return []
        lines = [(f"line {number}", line) for number, line in enumerate(self.text.split("\n"), 1) if line.strip()]
        return [(where, self._object(where, line)) for where, line in lines]

    def _object(self, where: str, line: str) -> dict[str, Any]:
        content = json_object(line)
        if not content:
            raise DataError(f"{self.path}: {where} is not a JSON object", "export the file again")
        return content

    @property
    def first(self) -> dict[str, Any]:
        """The first object of a JSON list or of JSON lines, by which many are recognised; empty when there is none."""
        if self.is_file(*_LINES):
            return json_object(self.text.partition("\n")[0])
        return self.objects[0] if self.objects else {}

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


def text_lines(file: Path) -> list[str]:
    """The lines of a text that have something in them, without blanks around it."""
    lines = file.read_text("utf-8-sig", errors="replace").split("\n")
    return [line.strip() for line in lines if line.strip()]


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


def annotation_files(folder: Path) -> list[Path]:
    """The files in a folder that may hold annotations: there, beside the images of splits, and where no images are.

    A file in the folder of a class says something of this class alone, and is none of them.
    """
    return [file for file in _beside_classes(folder) if file.name.lower().endswith(_IN_FOLDERS)]


def unread_files(folder: Path) -> list[str]:
    """The names of files in the same places whose format is that of annotations or pixels, and that no module reads."""
    return [file.name for file in _beside_classes(folder) if file.name.lower().endswith(_UNREAD) or _is_pickle(file)]


def folders_of_splits(root: Path) -> dict[str, list[str]]:
    """The folders in which the images of each split may lie: `val2017/`, `images/train/`, `test/images/` …"""
    contents, found = FolderInventory(root, {}), dict[str, list[str]]()
    for place in ("", *(f"{name}/" for name in contents.folders() if says_nothing(name))):
        for name, split in splits_named(contents.folders(place)).items():
            inner = f"{place}{name}/"
            within = [f"{inner}{each}/" for each in contents.folders(inner) if says_nothing(each)]
            found.setdefault(split, []).extend([inner, *within])
    return found


def _beside_classes(folder: Path) -> list[Path]:
    contents = FolderInventory(folder, {})
    found, pending = list[str](), [("", 0)]
    while pending:
        place, depth = pending.pop(0)
        found += contents.files(place, nested=False)
        inner = [f"{place}{name}/" for name in contents.folders(place)] if depth < _DEEPEST else []
        pending += [(each, depth + 1) for each in inner if _may_hold_annotations(folder / each)]
    return [folder / name for name in found]


def _is_pickle(file: Path) -> bool:
    if file.suffix not in ("", ".meta"):
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(2) in _PICKLE
    except OSError:
        return False


def _may_hold_annotations(folder: Path) -> bool:
    if split_of(folder.name) or says_nothing(folder.name):
        return True
    try:
        with os.scandir(folder) as entries:  # it ends at the first image
            return all(os.path.splitext(entry.name)[1].lower() not in SUFFIXES for entry in entries)  # noqa: PTH122
    except OSError:
        return False
