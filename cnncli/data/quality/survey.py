"""What the images of a folder or table are like, by their headers: enough to choose how to train on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.decode.image import size_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality.inspection import Facts, inspect
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources import folder, table
from cnncli.data.sources.location import existing_file, listed, some
from cnncli.data.threads import in_threads
from cnncli.errors import DataError

Progress = Callable[[int, int], None]

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})

_AT_A_TIME = 1000  # files between two reports of progress
_ANY = InputFormat(1, 1, 3)
_TURNED = "rotated"


@dataclass(frozen=True)
class Survey:
    """What was seen of the images of a source, those left out that cannot be read.

    Args:
        source: `folder` or `csv`.
        arguments: of the source, as a spec has them.
        class_names: in the order of the labels.
        labels: of the images of each split, int64, shape `(images,)`; `train` is always there.
        sizes: height and width of all images the right way up, int64, shape `(images, 2)`, `train` first.
        grey: whether each of them is stored without colour, bool, shape `(images,)`.
        formats: images by format, most frequent first.
        unreadable: files that are left out because they cannot be read, each with the reason.
        notices: sentences on what is not used.
    """

    source: str
    arguments: Mapping[str, str]
    class_names: tuple[str, ...]
    labels: Mapping[str, np.ndarray]
    sizes: np.ndarray
    grey: np.ndarray
    formats: Mapping[str, int]
    unreadable: Mapping[str, str]
    notices: tuple[str, ...]

    def counts(self, split: str = "train") -> np.ndarray:
        """Images of each class in a split, int64, shape `(classes,)`."""
        return np.bincount(self.labels[split], minlength=len(self.class_names))  # (classes,)

    @property
    def all_labels(self) -> np.ndarray:
        """The labels of all images in the order of `sizes` and `grey`, int64, shape `(images,)`."""
        return np.concatenate(list(self.labels.values()))  # (images,)


def survey(path: Path, columns: Mapping[str, str] | None = None, progress: Progress | None = None) -> Survey:
    """Look at the headers of all images of a folder, or of those that a table names. Nothing is decoded or written.

    Args:
        path: of a folder of class folders, or of such folders for each split; or of a table.
        columns: `image_column`, `label_column`, `split_column` and `root` of a table, where its first row does not
            tell.
        progress: is told how many files are done, and of how many.

    Raises:
        DataError: the images cannot be trained on as they lie there; it says what to do.
    """
    notices: list[str] = []
    load = _loader(path, columns or {}, notices)
    found = load([])
    facts = _facts(found, progress)
    names = [name for samples in found.splits.values() for name in samples.names]
    unreadable = {name: fact.detail for name, fact in zip(names, facts, strict=True) if fact.problem}
    if unreadable:
        _require_most_readable(path, unreadable, len(names))
        found = load(list(unreadable))
    good = [fact for fact in facts if not fact.problem]
    paths = [samples.path(number) for samples in found.splits.values() for number in range(len(samples))]
    sizes = [_upright(fact, file) for fact, file in zip(good, paths, strict=True)]
    return Survey(
        "folder" if path.is_dir() else "csv",
        {"path": str(path), **(columns or {})},
        found.class_names,
        {split: samples.labels for split, samples in found.splits.items()},
        np.array(sizes, np.int64),  # (images, 2)
        np.array([fact.grey for fact in good], bool),
        dict(Counter(fact.kind for fact in good).most_common()),
        unreadable,
        tuple(dict.fromkeys(notices)),
    )


def _loader(
    path: Path, columns: Mapping[str, Any], notices: list[str]
) -> Callable[[Sequence[str]], ImageData[FileSamples]]:
    """Loads the source without some of its files, as training would."""
    if path.is_dir():
        if columns:
            raise DataError(f"{path} is a folder, and {some(columns)} belong to a table", "leave them out")

        def load_folder(exclude: Sequence[str]) -> ImageData[FileSamples]:
            try:
                return folder.load(path, _ANY, exclude=exclude, notice=notices.append)
            except DataError as error:
                raise DataError(error.message, _better_hint(path, error.hint)) from None

        return load_folder
    existing_file(path)  # says what there is instead
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise DataError(
            f"{path} is neither a folder of images nor a table of them",
            "the name of a table ends in .csv, .tsv or .txt",
        )

    def load_table(exclude: Sequence[str]) -> ImageData[FileSamples]:
        try:
            return table.load(path, _ANY, exclude=exclude, **columns)
        except DataError as error:
            # There is no spec yet to write keys into
            hint = re.sub(r"data\.source\.csv\.(\w+)_column", r"--\1-column", error.hint)
            start = "; --root names another folder" if "relative paths" in hint else ""
            raise DataError(error.message, hint + start) from None

    return load_table


def _better_hint(path: Path, hint: str) -> str:
    """What to do about a folder that has no classes, where a table lies in it."""
    tables = sorted(file for file in path.iterdir() if file.suffix.lower() in (".csv", ".tsv"))
    if "class" in hint and tables:
        return f"{hint}\nthere is a table in it: cnncli init {tables[0]}"
    return hint.replace(", remove the folder, or name the classes to use in data.classes", ", or remove the folder")


def _facts(found: ImageData[FileSamples], progress: Progress | None) -> list[Facts]:
    total = sum(map(len, found.splits.values()))
    facts: list[Facts] = []
    for samples in found.splits.values():
        for start in range(0, len(samples), _AT_A_TIME):
            end = min(start + _AT_A_TIME, len(samples))

            def look(numbers: range, samples: FileSamples = samples, start: int = start) -> list[Facts]:
                places = ((samples.path(start + n), samples.names[start + n]) for n in numbers)
                return [inspect(path, name, decode=False) for path, name in places]

            for some_facts in in_threads(look, end - start):
                facts += some_facts
            if progress:
                progress(len(facts), total)
    return facts


def _require_most_readable(path: Path, unreadable: Mapping[str, str], total: int) -> None:
    """A few broken files are left out and named; if it is more than half, something else is wrong."""
    if 2 * len(unreadable) > total:
        files = listed(f"{name} {detail}" for name, detail in unreadable.items())
        raise DataError(
            f"{len(unreadable):,} of the {total:,} images of {path} cannot be read:{files}",
            f"convert or replace them; cnncli data {path} tells of every file",
        )


def _upright(fact: Facts, file: Path) -> tuple[int, int]:
    """Height and width as a person sees the image: a camera may have noted that it lies on its side."""
    return size_of(file) if _TURNED in fact.traits else (fact.height, fact.width)
