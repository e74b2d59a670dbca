"""How a table is to be read: what a spec says of it, and what a training adds."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.data.inventory.location import existing_folder
from cnncli.machine import expanded
from cnncli.notices import Notice, ignore

if TYPE_CHECKING:
    from cnncli.data.remote.shard_set import Shards


@dataclass(frozen=True)
class TableArguments:
    """The keys of `data.source.table` and more; None for whatever is to be found out."""

    path: Path | str  # a file; or a folder of Parquet files, tar archives or files `metadata.csv`, or a tool's export
    root: Path | str | None = None  # the folder of its relative names; by default its own
    image_column: str | None = None  # column of the images
    label_column: str | None = None  # column of the labels; in an export the question that was asked of the annotators
    split_column: str | None = None  # column of the splits; empty for none
    group_column: str | None = None  # column of the groups, that of `data.split.group`; without it there are none
    names: Path | str | None = None  # file with the names of labels that are numbers from 0 on, one in each line
    delimiter: str | None = None  # delimiter of CSV; by default the one that the first line has most
    encoding: str | None = None  # encoding of text; by default recognised
    cache_bound: int | None = None  # bytes that the cache may hold, into which images inside of the table are written
    shards: Shards | None = None  # the tar shards on a server that stand for the table
    exclude: Container[str] = ()  # names of images to leave out
    notice: Notice = ignore  # receives a line about what is not certain

    @property
    def file(self) -> Path:
        """The table, with `~` replaced."""
        return expanded(self.path)

    @property
    def folder(self) -> Path:
        """The folder that the names of its images start from; a DataError when it does not exist."""
        own = self.file if self.file.is_dir() else self.file.parent
        return existing_folder(own if self.root is None else self.root)
