"""Reads a table or an export of a labelling tool, whatever it is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import require_existing
from cnncli.data.names.split_names import SPLITS, splits_named
from cnncli.data.sources.labelling import read_export, recognised
from cnncli.data.sources.labelling.place import folders_of_splits
from cnncli.data.sources.rows import Grid, Listing, Row, arrow
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.columns import rows_of
from cnncli.data.sources.rows.json_cells import json_lines, json_table
from cnncli.data.sources.rows.names import GUESSES, named_labels, simplified
from cnncli.data.sources.rows.not_tables import not_a_table
from cnncli.data.sources.rows.parquet import parquet
from cnncli.data.sources.rows.references import References
from cnncli.data.sources.rows.text import delimited, table_text
from cnncli.data.sources.rows.webdataset import CLASSES, classes_beside, webdataset
from cnncli.errors import DataError
from cnncli.wording import in_counting_order, some

_ARCHIVES = (".tar", ".tar.gz", ".tgz")

_TEXTS = (".csv", ".tsv", ".txt", ".tab", ".jsonl", ".ndjson", ".json", ".xml", ".manifest", ".lst", ".labels")

SUFFIXES = frozenset({*_TEXTS, *(f"{suffix}.gz" for suffix in _TEXTS), *_ARCHIVES, *arrow.SUFFIXES})
"""Endings of the names of tables."""


def read_listing(arguments: TableArguments) -> Listing:
    """The rows of a table or export.

    Raises:
        DataError: There is no such file, or it is no table with such columns.
    """
    place = require_existing(arguments.path)
    if (shards := arguments.shards) is not None:
        classes = arguments.names or classes_beside(shards.classes, shards.rows)
        return _named(place, Listing(shards.rows, files=(place,)), classes, arguments)
    listing = read_export(arguments) if arguments.image_column is None else None
    names: Path | str | None = arguments.names
    if listing is None and (archives := _inside(place, _ARCHIVES)):
        listing, listing.files = webdataset(archives, arguments.label_column), tuple(archives)
        names = names or classes_beside(archives[0].parent / CLASSES, listing.rows)
    elif listing is None and (metadata := metadata_files(place)):
        listing = _joined(place, metadata, [_of_table([file], arguments) for file in metadata])
    elif listing is None and place.is_file():
        listing = _of_table([place], arguments)
    elif listing is None:
        if files := _inside(place, arrow.SUFFIXES):
            listing = _of_table(files, arguments)
        elif tables := split_tables(place):
            listing = _of_splits(tables, arguments)
        elif inner := tables_in_splits(place):
            listing = _joined(place, inner, [_of_table([file], arguments, file.parent) for file in inner])
        else:
            raise DataError(f"{place} is a folder, and a file was expected", "name a table, or the export of a tool")
    listing.files = listing.files or (place,)
    return _named(place, listing, names, arguments)


def _named(place: Path, listing: Listing, names: Path | str | None, arguments: TableArguments) -> Listing:
    """The rows with the names of classes that are numbers."""
    if names is not None:
        listing.rows = named_labels(place, listing.rows, names, arguments.notice)
    if not listing.rows and not listing.problems:
        raise DataError(f"{place} has no rows", "expected a row for each image below the names of the columns")
    return listing


def is_table(path: Path) -> bool:
    """Whether a file is a table by its suffix; or a folder an export, or one of tables, archives or metadata."""
    return _is_table_folder(path) if path.is_dir() else path.name.lower().endswith(tuple(SUFFIXES))


def may_hold_images(file: Path) -> bool:
    """Whether a table is of a kind that may have images inside it, as bytes."""
    return file.name.lower().endswith((*_ARCHIVES, *arrow.SUFFIXES))


def _is_table_folder(folder: Path) -> bool:
    if any(map(_names_labels, metadata_files(folder))) or recognised(folder) is not None:
        return True
    return bool(_inside(folder, (*arrow.SUFFIXES, *_ARCHIVES))) and not FolderInventory(folder, {}).images()


def _names_labels(metadata: Path) -> bool:
    """Whether a file of metadata has a column for labels; it may have captions alone, for images in class folders."""
    try:
        header = text_grid(metadata, TableArguments(metadata)).header
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


def split_tables(folder: Path) -> dict[str, Path]:
    """The tables of a folder that are called after splits, such as `train.csv` and `test.csv`, one of each."""
    files = {file.name[: -len(_ending(file))]: file for file in sorted(folder.iterdir()) if _ending(file)}
    named = splits_named(files)
    of_split = {split: files[stem] for stem, split in named.items()}
    return of_split if "train" in of_split and len(of_split) == len(named) > 1 else {}


def tables_in_splits(folder: Path) -> list[Path]:
    """The tables in folders of splits, `train/labels.csv` and `test/labels.csv`: one in each, all of one name."""
    splits = splits_named(FolderInventory(folder, {}).folders())
    tables = [[file for file in sorted((folder / name).iterdir()) if _ending(file)] for name in splits]
    alike = [of_split for of_split in zip(*tables, strict=False) if len({file.name for file in of_split}) == 1]
    one_each = "train" in splits.values() and len(splits) > 1 and all(len(each) == 1 for each in tables)
    return [*alike[0]] if one_each and alike else []


def _ending(file: Path) -> str:
    """The ending of the name of a table of text; empty for any other file."""
    endings = [each for each in SUFFIXES if file.name.lower().endswith(each)]
    return max(endings, key=len, default="") if file.is_file() else ""


def _inside(place: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files of a kind in a folder, or the file itself if it is one."""
    if place.is_file():
        return [place] if place.name.lower().endswith(suffixes) else []
    files = [file for suffix in suffixes for file in place.rglob(f"*{suffix}") if not file.name.startswith("cache-")]
    return sorted(files, key=lambda file: in_counting_order(str(file)))


def _of_table(files: Sequence[Path], arguments: TableArguments, folder: Path | None = None) -> Listing:
    columnar = files[0].suffix.lower() in arrow.SUFFIXES
    grid = parquet(files) if columnar else text_grid(files[0], arguments)
    listing = rows_of(files[0], grid, arguments, References(folder or arguments.folder).all_exist)
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
            row._replace(place=f"{inner}{file.name}, {row.place}", name=name, split=split or row.split)
            for row, name in zip(part.rows, _names_in([inner], place, part.rows), strict=True)
        ]
    return joined


def _of_splits(tables: Mapping[str, Path], arguments: TableArguments) -> Listing:
    """The rows of tables that are splits; one without the labels of the training is not used, and named."""
    parts = {"train": _of_table([tables["train"]], arguments)}
    for split in (split for split in SPLITS if split in tables and split != "train"):
        if set(parts["train"].label_columns) <= set(_header(tables[split], arguments)):
            parts[split] = _of_table([tables[split]], arguments)
        else:
            arguments.notice(
                f"{tables[split]} has no column {some(parts['train'].label_columns)}, so no labels: not used"
            )
    joined = Listing([], files=tuple(tables[split] for split in parts))
    writers, folders = {}, folders_of_splits(arguments.folder)
    for split, part in parts.items():
        names = _names_in(["", *folders.get(split, [])], arguments.folder, part.rows)
        if part.pixels is not None:
            names, writers[split] = [f"{split}/{row.name}" for row in part.rows], part.pixels
        joined.problems += [f"{tables[split].name}, {problem}" for problem in part.problems]
        joined.rows += [
            row._replace(place=f"{tables[split].name}, {row.place}", name=name, split=split)
            for row, name in zip(part.rows, names, strict=True)
        ]

    def write(folder: Path) -> None:
        for split, writer in writers.items():
            (folder / split).mkdir()
            writer(folder / split)

    joined.pixels = write if writers else None
    return joined


def _names_in(places: Sequence[str], root: Path, rows: Sequence[Row]) -> list[str]:
    """The images of a table by their paths from the root on: in the first of the places where all are, or in the first.

    Images of another split may have the same names; in these places there are none.
    """
    names = [row.name for row in rows]
    if not all(os.path.isfile(root / places[0] / name) for name in names):  # noqa: PTH113  # of any text: it may be long
        for place in places:
            found = References(root / place).resolve(names)
            if not any(each.problem for each in found):
                return [place + each.name for each in found]
    return [places[0] + name for name in names]


def _header(file: Path, arguments: TableArguments) -> list[str]:
    if file.suffix.lower() in arrow.SUFFIXES:
        return list(arrow.opened(file).schema.names)
    return text_grid(file, arguments).header


def text_grid(file: Path, arguments: TableArguments) -> Grid:
    """The cells of a table of text: CSV, TSV, JSON or JSON lines, or a list; a DataError if it is something else."""
    if not file.is_file():
        raise DataError(f"{file} is not a file; a file was expected")
    if not is_table(file) and (error := not_a_table(file)):
        raise error
    text = table_text(file, arguments.encoding, arguments.notice)
    ending = _ending(file).removesuffix(".gz")
    if ending in (".jsonl", ".ndjson"):
        return json_lines(file, text)
    if ending == ".json":
        return json_table(file, text)
    if ending == ".xml":
        raise DataError(f"{file} is XML that no labelling tool known to cnncli writes", "save the table as CSV")
    return delimited(file, text, arguments.delimiter)
