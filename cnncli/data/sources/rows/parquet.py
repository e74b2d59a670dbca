"""The cells of Parquet and Arrow files, such as Hugging Face Datasets writes: images may be in them as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from cnncli.data.decode.formats import HEAD, format_of
from cnncli.data.sources.rows import Grid
from cnncli.data.sources.rows.arrow import ArrowFile, opened
from cnncli.data.sources.rows.file_splits import splits_of_files
from cnncli.data.sources.rows.json_cells import cell
from cnncli.errors import DataError
from cnncli.wording import some

_LONGEST_NAME = 100
SPLIT = "split"


def parquet(files: Sequence[Path]) -> Grid:
    """The cells of one table in one or more files; numbers of Hugging Face's class labels become their names.

    An image of bytes gets the number of its row, and its own name if it has one, as name. Where the names of the files
    are those of splits (`train-00000-of-00002.parquet`), they are a column `split`.

    Raises:
        DataError: pyarrow is not installed, or a file cannot be read.
    """
    tables = [opened(file) for file in files]
    first = tables[0]
    header = list(first.schema.names)
    for other in tables:
        if list(other.schema.names) != header:
            raise DataError(f"{other.path} has other columns than {first.path}", "name one file of the table")
    images = [name for name in header if _holds_bytes(first.schema.field(name).type)]
    class_names = {table.path: _class_names(table.schema.metadata or {}) for table in tables}
    splits = {} if SPLIT in header else splits_of_files(files)
    rows: list[tuple[str, Sequence[str]]] = []
    packed = set[str]()
    for table in tables:
        texts = {
            name: [_named(value, class_names[table.path].get(name)) for part in table.values(name) for value in part]
            for name in header
            if name not in images
        }
        for name in images:
            texts[name] = []
            for written, content in _images(table, name, start=len(rows)):
                texts[name].append(written)
                if content:
                    packed.add(name)
        split = [splits[table.path]] if splits else []
        for at in range(table.rows):
            rows.append((f"row {len(rows) + 1}", [*(texts[name][at] for name in header), *split]))
    by_image = {name: partial(_write, tables, name) for name in packed}
    named = [name for name in header if name in class_names[first.path]]
    return Grid([*header, *([SPLIT] if splits else [])], rows, f"its columns are {some(header)}", by_image, named)


def _holds_bytes(kind: Any) -> bool:
    import pyarrow.types as types

    names = [kind.field(index).name for index in range(kind.num_fields)] if types.is_struct(kind) else []
    return types.is_binary(kind) or types.is_large_binary(kind) or "bytes" in names


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """The names of the classes of each column that Hugging Face calls a ClassLabel."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {key: list(each["names"]) for key, each in features.items() if each.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _named(value: Any, names: Sequence[str] | None) -> str:
    if names is None or not isinstance(value, int):
        return cell(value)
    return names[value] if 0 <= value < len(names) else ""  # -1 is none


def _images(table: ArrowFile, name: str, start: int) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each image; one that is only a path keeps it, and has no contents."""
    number = start
    for batch in table.values(name):
        for value in batch:
            number += 1
            content, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
            if content is None:
                yield path or "", b""
                continue
            own = PurePosixPath((path or "").replace("\\", "/").replace("\0", "")).name[-_LONGEST_NAME:]
            kind = format_of(content[:HEAD])
            yield f"{number}-{own}" if own else f"{number}{kind.suffixes[0] if kind else ''}", content


def _write(tables: Sequence[ArrowFile], name: str, folder: Path) -> None:
    start = 0
    for table in tables:
        for written, content in _images(table, name, start):
            if content:
                (folder / written).write_bytes(content)
        start += table.rows
