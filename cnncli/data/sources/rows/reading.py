"""Reads a table or an export of a labelling tool, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path

from cnncli.data.folder_inventory import in_counting_order
from cnncli.data.sources.location import require_existing, some
from cnncli.data.sources.pixels import Notice
from cnncli.data.sources.rows import Grid, Listing
from cnncli.data.sources.rows.columns import Columns, rows_of
from cnncli.data.sources.rows.references import References
from cnncli.data.sources.rows.text import delimited, grid_of_objects, json_lines, table_text
from cnncli.errors import DataError

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet"})
"""Suffixes of tables."""


def read_listing(
    path: Path | str,
    columns: Columns,
    root: Path | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    notice: Notice | None = None,
) -> Listing:
    """The rows of a table, the columns of which are found by their names unless they are named.

    Args:
        path: A file, or a folder of Parquet files.
        columns: Columns that are named.
        root: The folder of its relative names; by default its own.
        delimiter: Delimiter of CSV; by default the one that the first line has most.
        encoding: Encoding of text; by default recognised.
        notice: Receives a line about what is not certain.

    Raises:
        DataError: There is no such file, or it is no table with such columns.
    """
    from cnncli.data.sources.rows.parquet import parquet

    place = require_existing(path)
    files = _parquet_files(place)
    grid = parquet(files) if files else _grid(place, delimiter, encoding, notice)
    folder = root or (place if place.is_dir() else place.parent)
    listing = rows_of(place, grid, columns, References(folder).all_exist, notice)
    listing.root, listing.files = folder, tuple(files or [place])
    if not listing.rows and not listing.problems:
        raise DataError(f"{place} has no rows", "expected a row for each image below the names of the columns")
    return listing


def _parquet_files(place: Path) -> list[Path]:
    """The Parquet files of a folder, or the file if it is one."""
    if place.is_dir():
        files = sorted(place.rglob("*.parquet"), key=lambda file: in_counting_order(str(file)))
        if not files:
            raise DataError(f"{place} is a folder, and a file was expected")
        return files
    return [place] if place.suffix.lower() == ".parquet" else []


def _grid(file: Path, delimiter: str | None, encoding: str | None, notice: Notice | None) -> Grid:
    if not file.is_file():
        raise DataError(f"{file} is not a file; a file was expected")
    text = table_text(file, encoding, notice)
    if file.suffix.lower() in (".jsonl", ".ndjson"):
        return json_lines(file, text)
    if file.suffix.lower() == ".json":
        return _json(file, text)
    return delimited(file, text, delimiter)


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
