"""The cells of Parquet files, such as Hugging Face Datasets writes them: images may be in the table as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from cnncli.data.decode.formats import HEAD, format_of
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.rows import Grid
from cnncli.data.sources.rows.text import cell
from cnncli.errors import DataError
from cnncli.wording import some

_ROWS = 256  # read at a time: images are large
_LONGEST_NAME = 100
SPLIT = "split"


def parquet(files: Sequence[Path]) -> Grid:
    """The cells of one table in one or more files; numbers of Hugging Face's class labels become their names.

    An image of bytes gets the number of its row, and its own name if it has one, as name. Where the names of the files
    are those of splits (`train-00000-of-00002.parquet`), they are a column `split`.

    Raises:
        DataError: pyarrow is not installed, or a file cannot be read.
    """
    opened = [(file, _opened(file)) for file in files]
    file, first = opened[0]
    header = list(first.schema_arrow.names)
    for other, table in opened:
        if list(table.schema_arrow.names) != header:
            raise DataError(f"{other} has other columns than {file}", "name one file of the table")
    images = [name for name in header if _holds_bytes(first.schema_arrow.field(name).type)]
    class_names = _class_names(first.schema_arrow.metadata or {})
    splits = {} if SPLIT in header else _splits(files)
    rows: list[tuple[str, Sequence[str]]] = []
    packed = set[str]()
    for file, table in opened:
        columns = _columns(file, table, [name for name in header if name not in images])
        texts = {name: [_named(value, class_names.get(name)) for value in values] for name, values in columns.items()}
        for name in images:
            texts[name] = []
            for written, content in _images(file, table, name, start=len(rows)):
                texts[name].append(written)
                if content:
                    packed.add(name)
        split = [splits[file]] if splits else []
        for at in range(table.metadata.num_rows):
            rows.append((f"row {len(rows) + 1}", [*(texts[name][at] for name in header), *split]))
    by_image = {name: partial(_write, opened, name) for name in packed}
    return Grid([*header, *([SPLIT] if splits else [])], rows, f"its columns are {some(header)}", by_image)


def _opened(file: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError(f"{file} is a Parquet file, which needs pyarrow", "pip install 'cnncli[parquet]'") from None
    try:
        return pyarrow.parquet.ParquetFile(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{file} cannot be read as Parquet: {str(error).splitlines()[0]}") from error


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


def _splits(files: Sequence[Path]) -> dict[Path, str]:
    """The split that each file is called after, or its folder; none unless all are."""
    for parts in ({file: file.stem.partition("-")[0] for file in files}, {file: file.parent.name for file in files}):
        named = splits_named(set(parts.values()))
        if set(named) == set(parts.values()):
            return {file: named[part] for file, part in parts.items()}
    return {}


def _columns(file: Path, table: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [value for part in _batches(file, table, name) for value in part] for name in names}


def _batches(file: Path, table: Any, name: str) -> Iterator[list[Any]]:
    import pyarrow

    try:
        for batch in table.iter_batches(_ROWS, columns=[name]):
            yield batch.column(0).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{file} is damaged: {str(error).splitlines()[0]}") from error


def _named(value: Any, names: Sequence[str] | None) -> str:
    if names is None or not isinstance(value, int):
        return cell(value)
    return names[value] if 0 <= value < len(names) else ""  # -1 is none


def _images(file: Path, table: Any, name: str, start: int) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each image; one that is only a path keeps it, and has no contents."""
    number = start
    for batch in _batches(file, table, name):
        for value in batch:
            number += 1
            content, path = (value.get("bytes"), value.get("path")) if isinstance(value, dict) else (value, None)
            if content is None:
                yield path or "", b""
                continue
            own = PurePosixPath((path or "").replace("\\", "/").replace("\0", "")).name[-_LONGEST_NAME:]
            kind = format_of(content[:HEAD])
            yield f"{number}-{own}" if own else f"{number}{kind.suffixes[0] if kind else ''}", content


def _write(opened: Sequence[tuple[Path, Any]], name: str, folder: Path) -> None:
    start = 0
    for file, table in opened:
        for written, content in _images(file, table, name, start):
            if content:
                (folder / written).write_bytes(content)
        start += table.metadata.num_rows
