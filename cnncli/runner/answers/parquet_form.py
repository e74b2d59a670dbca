"""Answers as Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.errors import ResourceError
from cnncli.runner.answers.answers import Answers, columns, on_one_line
from cnncli.runner.answers.census import Census
from cnncli.runner.answers.job import damaged

name = "parquet"

_GROUP = 1 << 16
"""Rows of a row group, where they are small."""

_GROUP_BYTES = 1 << 25
"""Bytes that a row group has at most before it is compressed, and that are held while files are joined."""


def require_pyarrow(file: Path) -> None:
    """Raises a ResourceError if pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ResourceError(
            f"{file} is to be a Parquet file, which needs pyarrow", "pip install 'cnncli[parquet]', or write .csv"
        ) from None


def write(answers: Answers, class_names: Sequence[str], path: Path) -> None:
    """Writes a row for each answer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = pa.array([on_one_line(each) for each in class_names], pa.string())
    arrays = [pa.array(answers.positions), pa.array(answers.names, pa.string())]
    for rank in range(answers.classes.shape[1]):
        arrays += [names.take(pa.array(answers.classes[:, rank])), pa.array(answers.probabilities[:, rank])]
    header = ["position", *columns(class_names, answers)]
    if answers.sets is not None:
        ends = np.cumsum([0, *map(len, answers.sets)], dtype=np.int32)
        inside = pa.array([label for each in answers.sets for label in each], pa.int64())
        arrays.append(pa.ListArray.from_arrays(pa.array(ends), names.take(inside)))
    if answers.doubts is not None:
        arrays.append(pa.array(answers.doubts, pa.string()))
    if answers.every is not None:
        arrays += [pa.array(answers.every[:, at]) for at in range(len(class_names))]
    if answers.embeddings is not None:
        values = pa.array(answers.embeddings.reshape(-1))
        arrays.append(pa.FixedSizeListArray.from_arrays(values, answers.embeddings.shape[1]))
        header.append("embedding")
    pq.write_table(pa.Table.from_arrays(arrays, [on_one_line(each) for each in header]), path)


def join(sources: Sequence[Sequence[Path]], path: Path, keep: bool, census: Census) -> None:
    """Joins such files in the order of the images; row groups do not depend on how the rows were divided before."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(sources[0][0])
    size = _row_bytes(schema)
    rows = max(1, min(_GROUP, _GROUP_BYTES // size))
    kept = schema if keep else schema.remove(schema.get_field_index("position"))
    with pq.ParquetWriter(path, kept) as writer:
        waiting = schema.empty_table()
        for table in _in_order(sources, max(1, _GROUP_BYTES // size // len(sources))):
            for position in table["position"].to_pylist():
                census.add(position)
            waiting = pa.concat_tables([waiting, table])
            while len(waiting) >= rows:
                writer.write_table(waiting[:rows].select(kept.names).combine_chunks(), rows)
                waiting = waiting[rows:]
        if len(waiting):
            writer.write_table(waiting.select(kept.names).combine_chunks(), rows)


def _row_bytes(schema: Any) -> int:
    """Roughly, of a row."""
    sizes = [4 * field.type.list_size if field.name == "embedding" else 16 for field in schema]
    return sum(sizes)


def _in_order(sources: Sequence[Sequence[Path]], rows: int) -> Iterator[Any]:
    """The rows of several sources, each of which is in order, in the order of all positions, some at a time."""
    import pyarrow as pa

    streams = [_batches(files, rows) for files in sources]
    held = {stream: batch for stream in streams if (batch := next(stream, None)) is not None}
    while held:
        end = min(batch["position"][-1].as_py() for batch in held.values())
        taken = []
        for stream, batch in list(held.items()):
            count = int(batch["position"].to_numpy().searchsorted(end, "right"))
            taken.append(batch[:count])
            rest = batch[count:] if count < len(batch) else next(stream, None)
            if rest is None:
                del held[stream]
            else:
                held[stream] = rest
        table = pa.Table.from_batches([batch for batch in taken if len(batch)])
        yield table.sort_by("position") if len(sources) > 1 else table


def _batches(files: Sequence[Path], rows: int) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in files:
        try:
            with pq.ParquetFile(file) as opened:
                yield from (batch for batch in opened.iter_batches(min(rows, _GROUP)) if len(batch))
        except (pa.ArrowException, KeyError):
            raise damaged(file) from None
