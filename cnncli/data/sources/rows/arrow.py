"""Opens files of Apache Arrow: Parquet, Feather, and the `.arrow` files of Hugging Face's `save_to_disk`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.errors import DataError

SUFFIXES = (".parquet", ".arrow", ".feather")

_ROWS = 256  # read at a time: images are large


class ArrowFile(NamedTuple):
    """A file with columns, of which nothing but the schema has been read."""

    path: Path
    schema: Any
    rows: int
    content: Any

    def values(self, name: str) -> Iterator[list[Any]]:
        """The values of a column, some at a time.

        Raises:
            DataError: The file is damaged.
        """
        import pyarrow

        try:
            batches = (
                self.content.select([name]).to_batches(_ROWS)
                if isinstance(self.content, pyarrow.Table)
                else self.content.iter_batches(_ROWS, columns=[name])
            )
            for batch in batches:
                yield batch.column(0).to_pylist()
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{self.path} is damaged: {str(error).splitlines()[0]}") from error


def opened(file: Path) -> ArrowFile:
    """A file with one of the `SUFFIXES`.

    Raises:
        DataError: pyarrow is not installed, or the file cannot be read.
    """
    kind = {".parquet": "Parquet", ".feather": "Feather"}.get(file.suffix.lower(), "Arrow")
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        a = "an" if kind == "Arrow" else "a"
        raise DataError(f"{file} is {a} {kind} file, which needs pyarrow", "pip install 'cnncli[parquet]'") from None
    try:
        if kind == "Parquet":
            table = pyarrow.parquet.ParquetFile(file)
            return ArrowFile(file, table.schema_arrow, table.metadata.num_rows, table)
        source = pyarrow.memory_map(str(file))
        is_file = source.read(6) == b"ARROW1"  # otherwise a stream, as Hugging Face writes it
        source.seek(0)
        content = (pyarrow.ipc.open_file if is_file else pyarrow.ipc.open_stream)(source).read_all()
        return ArrowFile(file, content.schema, content.num_rows, content)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{file} cannot be read as {kind}: {str(error).splitlines()[0]}") from error
