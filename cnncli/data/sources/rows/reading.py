"""Reads a table or an export of a labelling tool, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import require_existing
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.exports import read_export, recognised
from cnncli.data.sources.rows import Grid, Listing
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.columns import rows_of
from cnncli.data.sources.rows.names import GUESSES, named_labels, simplified
from cnncli.data.sources.rows.parquet import parquet
from cnncli.data.sources.rows.references import References
from cnncli.data.sources.rows.text import delimited, grid_of_objects, json_lines, table_text
from cnncli.data.sources.rows.webdataset import webdataset
from cnncli.errors import DataError
from cnncli.wording import in_counting_order, some

SUFFIXES = frozenset(
    {".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".tar", ".xml", ".manifest", ".lst", ".labels"}
)
"""Suffixes of tables."""


def read_listing(arguments: TableArguments) -> Listing:
    """The rows of a table or export.

    Raises:
        DataError: There is no such file, or it is no table with such columns.
    """
    place = require_existing(arguments.path)
    listing = read_export(arguments) if arguments.image_column is None else None
    if listing is None and (archives := _inside(place, ".tar")):
        listing, listing.files = webdataset(archives, arguments.label_column), tuple(archives)
    elif listing is None and (metadata := metadata_files(place)):
        listing = _joined(place, metadata, [_of_table([file], arguments) for file in metadata])
    elif listing is None:
        files = _inside(place, ".parquet")
        if place.is_dir() and not files:
            raise DataError(f"{place} is a folder, and a file was expected", "name a table, or the export of a tool")
        listing = _of_table(files or [place], arguments)
    listing.files = listing.files or (place,)
    if arguments.names is not None:
        listing.rows = named_labels(place, listing.rows, arguments.names, arguments.notice)
    if not listing.rows and not listing.problems:
        raise DataError(f"{place} has no rows", "expected a row for each image below the names of the columns")
    return listing


def is_table(path: Path) -> bool:
    """Whether a file is a table by its suffix; or a folder an export, or one of tables, archives or metadata."""
    return _is_table_folder(path) if path.is_dir() else path.suffix.lower() in SUFFIXES


def _is_table_folder(folder: Path) -> bool:
    if any(map(_names_labels, metadata_files(folder))) or recognised(folder) is not None:
        return True
    return bool(_inside(folder, ".parquet") or _inside(folder, ".tar")) and not FolderInventory(folder, {}).images()


def _names_labels(metadata: Path) -> bool:
    """Whether a file of metadata has a column for labels; it may have captions alone, for images in class folders."""
    try:
        header = _grid(metadata, TableArguments(metadata)).header
    except DataError:
        return False
    return any(simplified(name) in usual for name in header for usual in GUESSES["label"])


def metadata_files(folder: Path) -> list[Path]:
    """The files in which Hugging Face's image folders have labels: one for all images, or one for each split.

    Source:
        Hugging Face Datasets, "ImageFolder", https://huggingface.co/docs/datasets/image_dataset
    """
    found = [
        file
        for name in ("metadata.csv", "metadata.jsonl")
        for pattern in (name, f"*/{name}")
        for file in folder.glob(pattern)
    ]
    return sorted(found)


def _inside(place: Path, suffix: str) -> list[Path]:
    """The files of a kind in a folder, or the file itself if it is one."""
    if place.is_dir():
        return sorted(place.rglob(f"*{suffix}"), key=lambda file: in_counting_order(str(file)))
    return [place] if place.suffix.lower() == suffix else []


def _of_table(files: Sequence[Path], arguments: TableArguments) -> Listing:
    grid = parquet(files) if files[0].suffix.lower() == ".parquet" else _grid(files[0], arguments)
    listing = rows_of(files[0], grid, arguments, References(arguments.folder).all_exist)
    listing.files = tuple(files)
    return listing


def _joined(place: Path, files: Sequence[Path], parts: Sequence[Listing]) -> Listing:
    """The rows of several tables, whose names start from the folder of each; these may be the folders of splits."""
    words = {file: file.parent.name for file in files if file.parent != place}
    splits = splits_named(set(words.values()))
    joined = Listing([])
    for file, part in zip(files, parts, strict=True):
        inner = f"{words[file]}/" if file in words else ""
        split = splits.get(words.get(file, ""))
        joined.problems += [f"{inner}{file.name}, {problem}" for problem in part.problems]
        joined.rows += [
            row._replace(place=f"{inner}{file.name}, {row.place}", name=inner + row.name, split=split or row.split)
            for row in part.rows
        ]
    return joined


def _grid(file: Path, arguments: TableArguments) -> Grid:
    if not file.is_file():
        raise DataError(f"{file} is not a file; a file was expected")
    text = table_text(file, arguments.encoding, arguments.notice)
    if file.suffix.lower() in (".jsonl", ".ndjson"):
        return json_lines(file, text)
    if file.suffix.lower() == ".json":
        return _json(file, text)
    return delimited(file, text, arguments.delimiter)


def _json(file: Path, text: str) -> Grid:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        if len(text.split("\n")) > 1 and text.lstrip().startswith("{"):
            return json_lines(file, text)
        raise DataError(f"{file} is not JSON: {error}") from None
    if isinstance(content, list) and content and all(isinstance(each, dict) for each in content):
        return grid_of_objects([(f"object {number}", each) for number, each in enumerate(content, 1)])
    has = f"an object with {some(list(content)) or 'nothing in it'}" if isinstance(content, dict) else "something else"
    raise DataError(f"{file} is JSON, and not a table: {has}", "expected a list of objects, one for each image")
