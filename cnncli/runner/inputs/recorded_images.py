"""Where the images of a run are now: files by their names, numbered images by their numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.decode.pixels import UnknownWhite
from cnncli.data.decode.white import WHITE
from cnncli.data.identity import fingerprint
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import existing_folder
from cnncli.data.names.classes import TooFewClasses, require_same_classes
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources import inventory_of, table
from cnncli.errors import DataError
from cnncli.notices import Notice
from cnncli.runner.inputs.corrections import read_corrections
from cnncli.runner.inputs.input_format import input_format_for
from cnncli.runner.inputs.local_data import local_data
from cnncli.runner.inputs.splits import load_source
from cnncli.runs.image_list import Row
from cnncli.spec.schema import Data
from cnncli.spec.sections.sources import Source


class RecordedFiles:
    """The files of a run, by their names from the folder of its source on.

    Args:
        data: Section `data` of the run's spec.
        shape: Height, width and channels of the run's images.
        notice: Receives a line about what is fetched.
        window: How many tar shards the training shuffled together; 0 for all images.

    Raises:
        DataError: There is no such folder.
    """

    def __init__(self, data: Data, shape: tuple[int, int, int], notice: Notice, window: int = 0) -> None:
        self._data = data = local_data(data, notice, streams=True)
        self._shards = data.source.arguments.get("shards")
        if self._shards is not None and window:
            self._shards.window = window
        self._format, self._root = input_format_for(data, shape), _folder_of(data.source)
        self._is_table = data.source.name == "table"

    def missing(self, rows: Sequence[Row]) -> list[Row]:
        """The rows without a file; names of a folder that lead out of it, which a training does not write, count."""
        if self._shards is not None:
            return [row for row in rows if row["image"] not in self._shards]
        return [row for row in rows if not (self._is_inside(row["image"]) and (self._root / row["image"]).is_file())]

    def _is_inside(self, name: str) -> bool:
        path = PurePosixPath(name)
        return self._is_table or not (path.is_absolute() or ".." in path.parts)

    def samples(self, rows: Sequence[Row]) -> FileSamples:
        """The files of the rows, which are read later."""
        names = tuple(row["image"] for row in rows)
        return FileSamples(self._root, names, np.zeros(len(names), np.int64), self._format, self._shards)

    def classes_now(self, rows: Sequence[Row]) -> Sequence[str]:
        """The class of each image as a table has it now; where the folder is the class, it is that of the run."""
        if not self._is_table:
            return [row["class"] for row in rows]
        now = self._labels_of_table
        if self._data.corrections is not None:
            with suppress(DataError):
                now = now | read_corrections(self._data.corrections)
        return [now.get(row["image"], row["class"]) for row in rows]

    @cached_property
    def _labels_of_table(self) -> dict[str, str]:
        """Class names by image; empty when the table is gone or damaged, which takes no image away."""
        try:
            listing = inventory_of(self._data.source.name, self._data.source.arguments)
        except DataError:
            return {}
        names = self._data.classes if isinstance(self._data.classes, Mapping) else {}
        return {entry.name: str(names.get(entry.label, entry.label)) for entry in listing.entries}

    def new_place(self, gone: Row, listed: Collection[str]) -> str:
        """Where a missing file is now, such as in the folder of another class; empty when it is nowhere."""
        if self._shards is not None:
            return ""
        file = PurePosixPath(gone["image"]).name
        names = FolderInventory(self._root, {}).images()
        same = [name for name in names if PurePosixPath(name).name == file and name not in listed]
        candidates = FileSamples(self._root, tuple(same), np.zeros(len(same), np.int64), self._format)
        contents = zip(same, fingerprint(candidates), strict=True)
        return next((f"'{name}'" for name, content in contents if content == gone["content"]), "")


def _folder_of(source: Source) -> Path:
    """The folder that the names of a folder's or table's images start from; the table itself need not be there."""
    return table.files_root(**source.arguments) if source.name == "table" else existing_folder(source.arguments["path"])


class RecordedArrays:
    """The images of a run whose source numbers them.

    Args:
        data: Section `data` of the run's spec.
        class_names: Classes of the run; the source may have more by now.
        rows: The images that are needed; where the source cannot be loaded as a whole, only their splits are.
        notice: Receives a line about downloads.

    Raises:
        DataError: The source cannot be loaded, or lacks a class of the run.
    """

    def __init__(self, data: Data, class_names: Sequence[str], rows: Sequence[Row], notice: Notice) -> None:
        try:
            self._source = self._loaded(data, notice)
        except TooFewClasses as error:
            require_same_classes(class_names, error.names, "the data")
            raise
        except DataError:
            if IMAGE_SOURCES[data.source.name].images != "arrays":
                raise
            self._source = self._splits_alone(data, rows, notice)
            return
        names = self._source.class_names
        require_same_classes(class_names, [name for name in names if name in class_names], "the data")

    @staticmethod
    def _loaded(data: Data, notice: Notice, only: Collection[str] = ()) -> ImageData[Any]:
        try:
            return load_source(data, notice, only)
        except UnknownWhite:  # white was not asked for when older runs were trained, and bytes were as they are
            return load_source(data.replace(image=data.image.replace(white=WHITE)), notice, only)

    @classmethod
    def _splits_alone(cls, data: Data, rows: Sequence[Row], notice: Notice) -> ImageData[Any]:
        """Only the splits of these images, with the white that makes most of them what they were in the training."""
        only = _splits_of(data, rows)
        source = cls._loaded(data, notice, only)
        if data.image.white is not None or _unchanged(source, rows) == len(rows):
            return source
        found = [source]
        for white in (1, WHITE):  # what it is taken for where no one says it, by the images of all splits
            with suppress(DataError):  # brighter pixels
                found.append(load_source(data.replace(image=data.image.replace(white=white)), only=only))
        return max(found, key=lambda each: _unchanged(each, rows))

    def _place(self, origin: str) -> dict[str, int]:
        there = self._source.splits.get(origin)
        return {} if there is None else {name: index for index, name in enumerate(there.names)}

    def missing(self, rows: Sequence[Row]) -> list[Row]:
        """The rows whose numbers the source does not have."""
        place = self._place(rows[0]["origin"])
        return [row for row in rows if row["image"] not in place]

    def samples(self, rows: Sequence[Row]) -> Any:
        """The images of the rows."""
        place = self._place(rows[0]["origin"])
        indices = np.array([place[row["image"]] for row in rows], dtype=np.int64)
        return self._source.splits[rows[0]["origin"]].take(indices)

    def classes_now(self, rows: Sequence[Row]) -> Sequence[str]:
        """The class of each image as the source has it now."""
        return [self._source.class_names[label] for label in self.samples(rows).labels.tolist()]

    def new_place(self, gone: Row, listed: Collection[str]) -> str:
        """Numbers are nowhere else."""
        return ""


def _unchanged(source: ImageData[Any], rows: Sequence[Row]) -> int:
    """How many of these images are as they were in the training."""
    contents = {
        (origin, name): content
        for origin, samples in source.splits.items()
        for name, content in zip(samples.names, fingerprint(samples), strict=True)
    }
    return sum(contents.get((row["origin"], row["image"])) == row["content"] for row in rows)


def _splits_of(data: Data, rows: Sequence[Row]) -> list[str]:
    """The splits of the source that images are in; where a file divided them, their names begin with it."""
    pooled = data.split.file is not None
    return list(dict.fromkeys(row["image"].partition("/")[0] if pooled else row["origin"] for row in rows))
