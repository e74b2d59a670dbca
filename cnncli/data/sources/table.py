"""A table (CSV, TSV, JSON lines, Parquet) that names an image and its class in each row, and may name its split."""

from __future__ import annotations

import dataclasses
import os
import posixpath
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnncli.data import unused
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.inventory.source_inventory import SourceInventory
from cnncli.data.names.classes import Classes, chosen_classes, class_names, labels_of
from cnncli.data.names.split_names import SPLITS, splits_named
from cnncli.data.samples import FileSamples, ImageData, Unused
from cnncli.data.sources.rows import Row
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.reading import may_hold_images, read_listing
from cnncli.data.sources.rows.references import Found, References, is_address
from cnncli.data.sources.rows.split_column import KEY
from cnncli.data.sources.rows.unpacked import unpack
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.records import Affected
from cnncli.wording import counted, listed, some


def load(
    path: Path | str,
    input_format: InputFormat,
    classes: Classes = None,
    exclude: Container[str] = (),
    notice: Notice = ignore,
    **arguments: Any,
) -> ImageData[FileSamples]:
    """Reads a table of images. None of them is decoded; those inside of the table are written into the cache as files.

    Text is UTF-8, UTF-16 or Windows-1252. The first row names the columns, unless it has an image. Columns are found by
    their names (`path`, `label`, `split` …) unless the arguments name them, or by their values, with a notice; an empty
    `split_column` means none. Labels may be one-hot; numbers are indices into the file `names`. Rows of classes not
    chosen, rows without a label, and the same row again are left out. `group_column` is that of `data.split.group`.

    Raises:
        DataError: With all that is wrong, each with its place: no such image, an unknown split, two labels of an image.
    """
    read = _read(TableArguments(path, exclude=exclude, notice=notice, **arguments), classes)
    table = read.file
    if read.problems:
        hint = f"relative paths start from {read.folder}"
        if any("the split" in problem for problem in read.problems):
            hint = f"fix the splits, or set {KEY} to '' to ignore their column"
        raise DataError(f"{table}: {counted(len(read.problems), 'problem')}{listed(read.problems)}", hint)
    splits = {row.split for row in read.rows}
    if "train" not in splits:
        raise DataError(f"{table} has no row of the split train, only of {some(sorted(splits))}")
    names = class_names(read.new_names)
    label_of = labels_of(read.new_names)
    samples, groups = {}, {}
    for split in (split for split in SPLITS if split in splits):
        of_split = [row for row in read.rows if row.split == split]
        labels = np.array([label_of[row.label] for row in of_split], np.int64)
        if split == "train" and (lacking := set(range(len(names))) - set(labels.tolist())):
            raise DataError(f"{table}: no training image is of the class {some([names[each] for each in lacking])}")
        images = tuple(row.name for row in of_split)
        samples[split] = FileSamples(read.folder, images, labels, input_format, arguments.get("shards"))
        if arguments.get("group_column"):
            groups[split] = _groups(table, of_split, arguments["group_column"])
    left_out = dict.fromkeys(row.label for row in read.other_classes)
    foreign = {
        split: Counter(row.label for row in read.other_classes if row.split == split)
        for split in {row.split for row in read.other_classes if classes is None}
    }
    not_used = [] if classes is None else unused.in_other_classes(len(read.other_classes), left_out)
    return ImageData(names, samples, (*not_used, *unused.excluded(read.excluded), *read.unused), foreign, groups)


def _groups(table: Path, rows: list[Row], column: str) -> tuple[str, ...]:
    lacking = [row for row in rows if not row.group]
    if lacking:
        raise DataError(
            f"{table}: {counted(len(lacking), 'row')} without a group, such as {lacking[0].place}: "
            f"the column '{column}' is empty",
            "every image needs a group: fill the column, or name another one in data.split.group",
        )
    return tuple(row.group for row in rows)


def inventory(
    path: Path | str, classes: Classes = None, exclude: Container[str] = (), **arguments: Any
) -> SourceInventory:
    """Lists every image of a table, with the arguments of `load`; a wrong row is a problem and does not stop it."""
    read = _read(TableArguments(path, exclude=exclude, **arguments), classes)
    new_names = read.new_names
    sources = SourceInventory(read.folder, problems={"table-row": [Affected((), each) for each in read.problems]})
    sources.problems["rows-not-used"] = [Affected((), each.message) for each in read.unused]
    if classes is None:
        new_names = new_names | {row.label: row.label for row in read.other_classes}
        read.rows.extend(read.other_classes)
    elif read.other_classes:
        left_out = Counter(row.label for row in read.other_classes)
        named = [Affected((), f"{label}, of {counted(rows, 'row')}") for label, rows in left_out.items()]
        sources.problems["unused-class"] = named
    for row in read.rows:
        sources.add(row.split, new_names[row.label], [row.name])
    for split in SPLITS:
        labels = {entry.label for entry in sources.entries if entry.split == split}
        if labels:
            sources.classes[split] = tuple(name for name in class_names(new_names) if name in labels)
    return sources


def labelled_rows(arguments: TableArguments) -> tuple[Path, list[Row]]:
    """The rows of a table that have a label, and the folder of their relative names; a DataError lists wrong rows.

    The columns that are named are used where the table has them.
    """
    try:
        found = _found(arguments)
    except DataError:
        without = dataclasses.replace(arguments, image_column=None, label_column=None, split_column=None)
        if without == arguments:
            raise
        found = _found(without)
    rows, problems, not_used = _checked(_in_splits(found.rows), found.missing)
    if problems := [*found.problems, *problems]:
        message = f"{arguments.file}: {counted(len(problems), 'problem')}{listed(problems)}"
        raise DataError(message, f"relative paths start from {found.folder}")
    for each in (*found.unused, *not_used):
        arguments.notice(f"note: {each.message}")
    return found.folder, rows


def files_root(path: Path | str, **arguments: Any) -> Path:
    """The folder that the names of images start from. The table itself need not be there, unless they are inside it."""
    table = TableArguments(path, **arguments)
    try:
        return _found(table).folder if table.shards is None and _is_packed(table) else table.folder
    except DataError:
        return table.folder


def _is_packed(arguments: TableArguments) -> bool:
    """Whether the images of a table may be inside it: by its format, or by what is in it."""
    file = arguments.file
    if not file.exists():
        return False
    return file.is_dir() or may_hold_images(file) or read_listing(arguments).pixels is not None


class _Found(NamedTuple):
    """The rows of a table whose images were looked for; `missing` has what is wrong with an image, by its name."""

    folder: Path
    rows: list[Row]
    missing: Mapping[str, str]
    problems: list[str]
    unused: list[Unused]
    excluded: int


def _found(arguments: TableArguments) -> _Found:
    """Reads a table and finds its images; those inside of it are unpacked."""
    listing, notice, folder = read_listing(arguments), arguments.notice, arguments.folder
    if listing.pixels is not None:
        folder = unpack(listing.files, listing.pixels, notice, len(listing.rows), arguments.cache_bound)
    if arguments.shards is not None:
        found = [Found(row.name) for row in listing.rows]
    else:
        found = References(folder).resolve([row.name for row in listing.rows])
    rows, missing, moved = [], {}, []
    for row, (name, problem) in zip(listing.rows, found, strict=True):
        if any(spelt in arguments.exclude for spelt in (row.name, name, posixpath.normpath(name))):
            continue
        rows.append(row._replace(name=name))
        if problem:
            missing[name] = problem
        elif name != row.name.replace("\\", "/"):
            moved.append((row.name, name))
    if moved:
        first, there = moved[0]
        are = "image is" if len(moved) == 1 else "images are"
        notice(f"{arguments.file}: {len(moved):,} {are} found below {folder} by name, such as {there} for {first}")
    return _Found(folder, rows, missing, listing.problems, listing.unused, len(found) - len(rows))


def _in_splits(rows: Sequence[Row]) -> list[Row]:
    """The rows with their splits under the names that cnncli has for them."""
    splits = splits_named({row.split for row in rows})
    return [row._replace(split=splits.get(row.split, row.split)) for row in rows]


class _Table(NamedTuple):
    """A table, the folder of its images, its classes with their names, the good rows, and what is wrong with others.

    The classes are those of the training images that are chosen; the rows of others stand apart.
    """

    file: Path
    folder: Path
    new_names: dict[str, str]
    rows: list[Row]
    problems: list[str]
    other_classes: list[Row]
    excluded: int
    unused: list[Unused]


def _read(arguments: TableArguments, classes: Classes) -> _Table:
    """Reads a table; relative paths start from `root`, or else from its folder."""
    file, found = arguments.file, _found(arguments)
    if len(found.rows) > _LISTED and all(row.name in found.missing for row in found.rows):
        raise _without_images(file, found)
    rows = _in_splits(found.rows)
    training = {row.label for row in rows if row.split == "train"} - {""}
    labels = {row.label for row in rows} - {""} if classes is not None or not training else training
    if rows and not labels:
        raise DataError(
            f"{file} has no label in any of its {counted(len(rows), 'row')}", "name the column of the labels"
        )
    new_names = chosen_classes(labels, classes, f"{file}")
    others = [row for row in rows if row.label and row.label not in new_names]
    if classes is None:
        others = [row for row in others if row.split in SPLITS]
    passed_over = set(others)
    good, problems, not_used = _checked([row for row in rows if row not in passed_over], found.missing)
    not_used = [*found.unused, *not_used]
    return _Table(file, found.folder, new_names, good, [*found.problems, *problems], others, found.excluded, not_used)


_LISTED = 10  # images that are not there are listed up to this number, if none is there


def _without_images(file: Path, found: _Found) -> DataError:
    first = found.rows[0].name
    message = f"none of the {len(found.rows):,} images that {file} names is in {found.folder} or below, such as {first}"
    if is_address(first):
        return DataError(message, f"these are addresses: download the images into {found.folder}, under these names")
    return DataError(message, f"relative paths start from {found.folder}")


def _checked(rows: Sequence[Row], missing: Mapping[str, str]) -> tuple[list[Row], list[str], list[Unused]]:
    """The good rows, everything that is wrong with others, and rows that say nothing new or nothing at all."""
    good: list[Row] = []
    problems, unlabelled, repeated = [], [], []
    seen: dict[str, Row] = {}
    for row in rows:
        twin = seen.get(os.path.normpath(row.name))
        if not row.name:
            problem = "no path of an image"
        elif not row.label:
            unlabelled.append(row.name)
            continue
        elif row.name in missing:
            problem = f"{row.name} {missing[row.name]}"
        elif row.split not in SPLITS:
            problem = f"the split {row.split!r} is not train, validation or test"
        elif twin is not None:
            if (twin.label, twin.split) == (row.label, row.split):
                repeated.append(row.name)
                continue
            there, here = (twin.label, row.label) if twin.label != row.label else (twin.split, row.split)
            problem = f"{row.name} is already in {twin.place}, there as {there}, here as {here}"
        else:
            seen[os.path.normpath(row.name)] = row
            good.append(row)
            continue
        problems.append(f"{row.place}: {problem}")
    return good, problems, [*unused.without_one_label("unlabelled", unlabelled), *unused.repeated(repeated)]
