"""A division that is written down: a table of `split,image`, so that other trainings use exactly the same images."""

from __future__ import annotations

import csv
import dataclasses
import io
import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.inventory.location import require_existing
from cnncli.data.names.split_names import split_of
from cnncli.data.samples import ImageData, LabelledImages
from cnncli.data.unused import of_foreign_classes
from cnncli.errors import DataError
from cnncli.machine import expanded
from cnncli.report.tables import write_rows
from cnncli.runs import writing
from cnncli.runs.untrusted import Unreadable, read_bytes, read_json
from cnncli.spec.schema import Data
from cnncli.wording import counted, in_counting_order

DIVISION = "split.csv"
"""The file of a run that holds the division which `data.split.file` of its spec named."""

COLUMNS = ("split", "image")
"""Its columns."""

MAX_BYTES = 1 << 30

Listed = Sequence[tuple[str, str]]
"""Split and image of each row."""


def pooled(source: ImageData[Any], has_files: bool) -> ImageData[Any]:
    """The images of all splits of a source as one, `train`; those without files are named `train/0`, `test/0` …"""
    splits = list(source.splits.items())
    images = [samples for _, samples in splits]
    names = tuple(name if has_files else f"{split}/{name}" for split, samples in splits for name in samples.names)
    labels = np.concatenate([samples.labels for samples in images])  # (images,)
    arrays = {}
    if not has_files:
        arrays["images"] = images[0].images if len(images) == 1 else np.concatenate([each.images for each in images])
    whole = dataclasses.replace(images[0], names=names, labels=labels, **arrays)
    groups = {"train": tuple(name for split, _ in splits for name in source.groups[split])} if source.groups else {}
    return ImageData(
        source.class_names, {"train": whole}, (*source.unused, *of_foreign_classes(source.foreign)), groups=groups
    )


def read_parts(
    source: ImageData[Any], data: Data, tell: Callable[[str], None], left_out: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """The division that `data.split.file` names.

    Args:
        source: All images, as `pooled` returns them.
        data: Section `data` of the spec.
        tell: Receives notices about images that are not used.
        left_out: Images that corrections of the labels leave out; the file may list them.

    Returns:
        For each split the sorted indices of its images, int64.

    Raises:
        DataError: The file is missing or no such table, or lists images that the source does not have.
    """
    split, where, images = data.split, data.source.where, source.splits["train"]
    file = expanded(split.file or "")
    place = {name: index for index, name in enumerate(images.names)}
    listed = [row for row in _listed(file, data, images.names, left_out) if row[1] not in left_out]
    gone = [name for _, name in listed if name not in place]
    if gone:
        raise DataError(
            f"{where} lacks {len(gone):,} of the {counted(len(listed), 'image')} in {file}, such as '{gone[0]}'",
            "they were removed, or data.exclude or data.classes leaves them out: undo this, or write a new division "
            "with 'cnncli data --write-split'",
        )
    splits = dict.fromkeys(name for name, _ in listed)
    parts = {name: np.sort(np.array([place[image] for at, image in listed if at == name], np.int64)) for name in splits}
    for problem in split.not_used(parts, str(file)):
        tell(problem.message)
    _require_splits(parts, file, data)
    unused = sorted(set(place) - {image for _, image in listed})
    if unused:
        tell(f"{counted(len(unused), 'image')} of {where} not used: {file} does not list them, such as '{unused[0]}'")
    if "validation" in parts and split.validation == 0:
        tell(f"{counted(len(parts['validation']), 'validation image')} of {file} not used: data.split.validation is 0")
        del parts["validation"]
    return parts


def _require_splits(parts: Mapping[str, np.ndarray], file: Path, data: Data) -> None:
    """Refuses a file without images for a split that the training needs."""
    if "train" not in parts:
        raise DataError(f"{file} lists no training images", "expected rows of the split train")
    if "test" not in parts and data.split.test != "validation":
        raise DataError(
            f"{file} lists no test images", "add rows of the split test, or set data.split.test to validation"
        )
    if "validation" not in parts and data.split.held_out("validation"):
        raise DataError(
            f"{file} lists no validation images",
            "set data.split.validation to 0 for none, or to test to validate on the test images",
        )


def write_division(
    file: Path, samples: Mapping[str, LabelledImages], origins: Mapping[str, str], has_files: bool
) -> None:
    """Writes a division.

    Args:
        file: The file to write.
        samples: Images by split.
        origins: For each split, the split of the source that its images come from.
        has_files: Whether the names of the images are those of files.

    Raises:
        ResourceError: It cannot be written.
    """
    listed: dict[str, str] = {}
    for split in (name for name in ("train", "test", "validation") if name in samples):
        for name in samples[split].names:
            listed.setdefault(name if has_files or "/" in name else f"{origins[split]}/{name}", split)
    with writing(file) as path, path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        write_rows(stream, [COLUMNS])
        write_rows(stream, ((split, image) for image, split in listed.items()))


def _listed(file: Path, data: Data, names: Sequence[str], left_out: Collection[str]) -> Iterator[tuple[str, str]]:
    """Split and image of each row of the file, which may be a run or one of its records."""
    file = require_existing(file)
    run = file if file.is_dir() else file.parent
    if file.is_dir() or file.name == "data.json":
        tables = [run / name for name in (DIVISION, "images.csv") if (run / name).is_file()]
        if not tables:
            yield from _of_builtin(run, data, sorted({*names, *left_out}, key=in_counting_order) if left_out else names)
            return
        file = tables[0]
    yield from _of_table(file, data.source.has_files, frozenset((*names, *left_out)))


def _of_table(file: Path, has_files: bool, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    try:
        text = read_bytes(file, MAX_BYTES).decode("utf-8-sig", "surrogateescape")
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except (Unreadable, csv.Error) as error:
        raise DataError(
            f"{file} cannot be read as a division: {error}", "expected a table with split and image"
        ) from None
    columns = [name.strip().lower() for name in header]
    if not set(COLUMNS) <= set(columns):
        raise DataError(
            f"{file} is not a division: its first row names {', '.join(header) or 'nothing'}",
            "expected the columns split and image, as 'cnncli data SPEC --write-split FILE' writes them",
        )
    seen = dict[str, int]()
    for line, fields in enumerate(rows, 2):
        row = dict(zip(columns, fields, strict=False))
        if not any(fields):
            continue
        name, split = row.get("image", ""), split_of(row.get("split", ""))
        if not name or split is None:
            wrong = f"the split {row.get('split', '')!r} is not train, validation or test" if name else "no image"
            raise DataError(f"{file}:{line}: {wrong}", "expected rows such as train,cat/1.png")
        image = _name(name, row.get("origin", "train"), has_files, known)
        if image in seen:
            raise DataError(f"{file}:{line}: {name} is already in line {seen[image]}", "list each image once")
        seen[image] = line
        yield split, image


def _name(name: str, origin: str, has_files: bool, known: frozenset[str]) -> str:
    """What the source calls an image of the file."""
    if name in known:
        return name
    other = posixpath.normpath(name.replace("\\", "/")) if has_files else f"{origin}/{name}"
    return other if other in known else name


def _of_builtin(run: Path, data: Data, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The division of a run on built-in data, which records the indices of its validation images alone."""
    try:
        record = read_json(run / "data.json")
        counts, validation = record["counts"], record["validation"]
        sizes = {split: sum(of_classes.values()) for split, of_classes in counts.items()}
        held_out = set(validation or ())
    except (Unreadable, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"'{run}' is not a run whose division can be used: {error}", "name a complete run") from None
    train = [name for name in names if name.startswith("train/")]
    test = [name for name in names if name.startswith("test/")]
    if record.get("source") != data.source.plain():
        raise DataError(f"'{run}' was trained on other images: {record.get('source')}", "name a run on the same source")
    if len(train) != sizes.get("train", 0) + len(held_out) or len(test) != sizes.get("test"):
        raise DataError(f"'{run}' was trained on another number of images", "name a run with the same data.classes")
    yield from (("validation" if index in held_out else "train", name) for index, name in enumerate(train))
    yield from (("test", name) for name in test)
