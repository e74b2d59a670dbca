"""A table (CSV) that names an image file and its class in each row, and may say which split the row belongs to."""

from __future__ import annotations

import csv
import io
import os
import posixpath
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources import unused
from cnncli.data.sources.classes import Classes, chosen_classes, class_names
from cnncli.data.sources.inventory import SourceInventory
from cnncli.data.sources.location import existing_file, existing_folder, listed, some
from cnncli.data.sources.pixels import Notice
from cnncli.data.sources.split_column import KEY, split_column
from cnncli.data.sources.split_names import SPLITS, splits_named
from cnncli.errors import DataError
from cnncli.records import Affected
from cnncli.wording import counted

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

_GUESSES = {
    "image": ("path", "file", "filename", "filepath", "image", "imagepath", "imagefile", "imagename", "img", "imgpath"),
    "label": ("label", "class", "category", "target", "classname", "labelname"),
    "split": ("split", "subset", "partition"),
}


class _Row(NamedTuple):
    line: int
    name: str
    label: str
    split: str
    group: str


def load(
    path: Path | str,
    input_format: InputFormat,
    classes: Classes = None,
    exclude: Container[str] = (),
    notice: Notice | None = None,
    **arguments: Any,
) -> ImageData[FileSamples]:
    """Reads a table of images. None of them is decoded.

    UTF-8 with or without a byte-order mark (or UTF-16 with one), the first row names the columns, fields may be
    quoted. Columns are found by their names (`path`, `label`, `split` …) unless the arguments name them; that of the
    splits also by its values, with a notice; an empty `split_column` means none. Rows of classes not chosen are
    left out. `group_column` names the column of `data.split.group`.

    Raises:
        DataError: With all that is wrong, each with its line: no such file, an empty field, an unknown split, an image
            that comes twice.
    """
    read = _read(path, classes, exclude, notice, **arguments)
    table, folder, new_names, rows, problems = read[:5]
    if problems:
        hint = f"relative paths start from {folder}"
        if any("the split" in problem for problem in problems):
            hint = f"fix the splits, or set {KEY} to '' to ignore their column"
        raise DataError(f"{table}: {counted(len(problems), 'problem')}{listed(problems)}", hint)
    splits = {row.split for row in rows}
    if "train" not in splits:
        raise DataError(f"{table} has no row of the split train, only of {some(sorted(splits))}")
    names = class_names(new_names)
    label_of = {label: names.index(name) for label, name in new_names.items()}
    samples, groups = {}, {}
    for split in (split for split in SPLITS if split in splits):
        of_split = [row for row in rows if row.split == split]
        labels = np.array([label_of[row.label] for row in of_split], np.int64)
        if split == "train" and (lacking := set(range(len(names))) - set(labels.tolist())):
            raise DataError(f"{table}: no training image is of the class {some([names[each] for each in lacking])}")
        samples[split] = FileSamples(folder, tuple(row.name for row in of_split), labels, input_format)
        if arguments.get("group_column"):
            groups[split] = _groups(table, of_split, arguments["group_column"])
    left_out = dict.fromkeys(row.label for row in read.other_classes)
    foreign = {
        split: tuple(dict.fromkeys(row.label for row in read.other_classes if row.split == split))
        for split in {row.split for row in read.other_classes if classes is None}
    }
    not_used = [] if classes is None else unused.in_other_classes(len(read.other_classes), left_out)
    return ImageData(names, samples, (*not_used, *unused.excluded(read.excluded)), foreign, groups)


def _groups(table: Path, rows: list[_Row], column: str) -> tuple[str, ...]:
    lacking = [row for row in rows if not row.group]
    if lacking:
        raise DataError(
            f"{table}: {counted(len(lacking), 'row')} without a group, such as line {lacking[0].line}: "
            f"the column '{column}' is empty",
            "every image needs a group: fill the column, or name another one in data.split.group",
        )
    return tuple(row.group for row in rows)


def inventory(
    path: Path | str, classes: Classes = None, exclude: Container[str] = (), **arguments: Any
) -> SourceInventory:
    """Lists every image of a table, with the arguments of `load`; a wrong row is a problem and does not stop it."""
    read = _read(path, classes, exclude, None, **arguments)
    new_names = read.new_names
    sources = SourceInventory(read.folder, problems={"table-row": [Affected((), each) for each in read.problems]})
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


def labelled_rows(path: Path | str, columns: Mapping[str, str]) -> tuple[Path, list[_Row]]:
    """Every row of a table, and the folder of its relative names; a DataError lists rows that are wrong by line.

    The names of columns, by role, are used where the table has them.
    """
    file = existing_file(path)
    own = {**dict.fromkeys(_GUESSES), "group": ""}
    try:
        read = list(_rows(file, {**own, **columns}, None, file.parent, (), None))
    except DataError:
        read = list(_rows(file, own, None, file.parent, (), None))
    found = [row for row in read if row is not None]
    splits = splits_named({row.split for row in found})
    rows, problems = _checked([row._replace(split=splits.get(row.split, row.split)) for row in found], file.parent)
    if problems:
        message = f"{file}: {counted(len(problems), 'problem')}{listed(problems)}"
        raise DataError(message, f"relative paths start from {file.parent}")
    return file.parent, rows


class _Table(NamedTuple):
    """A table, the folder of its images, its classes with their names, the good rows, and what is wrong with others.

    The classes are those of the training images that are chosen; the rows of others stand apart.
    """

    file: Path
    folder: Path
    new_names: dict[str, str]
    rows: list[_Row]
    problems: list[str]
    other_classes: list[_Row]
    excluded: int


def _read(
    path: Path | str,
    classes: Classes,
    exclude: Container[str],
    notice: Notice | None = None,
    root: Path | str | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    delimiter: str | None = None,
    group_column: str | None = None,
) -> _Table:
    """Reads a table with the arguments that a spec sets; relative paths start from `root`, or else from its folder."""
    columns = {"image": image_column, "label": label_column, "split": split_column, "group": group_column or ""}
    file = existing_file(path)
    folder = file.parent if root is None else existing_folder(root)
    all_rows = list(_rows(file, columns, delimiter, folder, exclude, notice))
    rows = [row for row in all_rows if row is not None]
    if not rows:
        raise DataError(f"{file} has no rows", "expected a row for each image below the names of the columns")
    splits = splits_named({row.split for row in rows})
    rows = [row._replace(split=splits.get(row.split, row.split)) for row in rows]
    training = {row.label for row in rows if row.split == "train"}
    labels = {row.label for row in rows} if classes is not None or not training else training
    new_names = chosen_classes(labels - {""}, classes, f"{file}")
    others = [row for row in rows if row.label and row.label not in new_names]
    if classes is None:
        others = [row for row in others if row.split in SPLITS]
    passed_over = set(others)
    good, problems = _checked([row for row in rows if row not in passed_over], folder)
    return _Table(file, folder, new_names, good, problems, others, len(all_rows) - len(rows))


def _rows(
    table: Path,
    columns: dict[str, str | None],
    delimiter: str | None,
    folder: Path,
    exclude: Container[str],
    notice: Notice | None,
) -> Iterator[_Row | None]:
    """The rows of a table with the names of files made uniform; None for one excluded by any of the file's names."""
    text = _text(table)
    first = text.partition("\n")[0]
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        where = {role: _column(table, header, role, name, delimiter) for role, name in columns.items()}
        numbered = [(reader.line_num, fields) for fields in reader if any(field.strip() for field in fields)]
        for line, fields in numbered:
            if len(fields) != len(header):
                raise DataError(
                    f"{table}:{line} has {len(fields)} fields, and {len(header)} columns are named",
                    f"fields with a {DELIMITERS.get(delimiter, 'delimiter')} in them need quotes",
                )
        if where["split"] is None and columns["split"] is None:
            found = split_column(table, header, [fields for _, fields in numbered], where.values())
            if found is not None and notice:
                used = f"the column '{header[found]}' names the splits, and they are used"
                notice(f"{table}: {used}; to ignore it, set {KEY} to ''")
            where["split"] = found
        for line, fields in numbered:
            image, label, split, group = ("" if at is None else fields[at].strip() for at in where.values())
            name = _name(image, folder)
            is_excluded = any(spelt in exclude for spelt in (image, name, posixpath.normpath(name)))
            row = _Row(line, name, label, "train" if where["split"] is None else split, group)
            yield None if is_excluded else row
    except csv.Error as error:
        raise DataError(f"{table}:{reader.line_num} cannot be read as a table: {error}") from error


def _text(table: Path) -> str:
    try:
        data = table.read_bytes()
    except OSError as error:
        raise DataError(f"{table} cannot be read: {error.strerror}") from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{table}:{line} is not UTF-8 text", "save the table as UTF-8 (in Excel: CSV UTF-8)") from error


def _column(table: Path, header: list[str], role: str, name: str | None, delimiter: str) -> int | None:
    """Where the column of a role is; None when there is none and there need be none."""
    if name == "" and role in ("split", "group"):
        return None
    simple = ["".join(letter for letter in column.lower() if letter.isalnum()) for column in header]
    matches = [
        at for at, column in enumerate(header) if (column == name if name is not None else simple[at] in _GUESSES[role])
    ]
    if len(matches) == 1:
        return matches[0]
    if not matches and name is None and role == "split":
        return None
    columns = f"its first row, divided by {DELIMITERS.get(delimiter, repr(delimiter))}s, names {some(header) or 'none'}"
    key = "data.split.group.column" if role == "group" else f"data.source.csv.{role}_column"
    if matches:
        raise DataError(f"{table} has {len(matches)} columns that may hold the {role}; {columns}", f"name one in {key}")
    lack = f"no column {name!r}" if name is not None else f"no column that is known to hold the {role}"
    raise DataError(f"{table} has {lack}; {columns}", f"name the column in {key}; the first row must name the columns")


def _checked(rows: list[_Row], folder: Path) -> tuple[list[_Row], list[str]]:
    """The good rows, and everything that is wrong with others."""
    good: list[_Row] = []
    problems = []
    seen: dict[str, _Row] = {}
    for row in rows:
        place = os.path.normpath(folder / row.name)
        if not row.name or not row.label:
            problem = f"no {'path of an image' if not row.name else 'label'}"
        elif row.split not in SPLITS:
            problem = f"the split {row.split!r} is not train, validation or test"
        elif (twin := seen.get(place)) is not None:
            different = "" if twin.label == row.label else f", there as {twin.label}, here as {row.label}"
            problem = f"{row.name} is already in line {twin.line}{different}"
        elif not Path(place).is_file():
            problem = f"{row.name} {'is not a file' if Path(place).exists() else 'does not exist'}"
        else:
            seen[place] = row
            good.append(row)
            continue
        problems.append(f"line {row.line}: {problem}")
    return good, problems


def _name(name: str, folder: Path) -> str:
    """The path with forward slashes; tables written on Windows have backslashes."""
    slashed = name.replace("\\", "/")
    return name if slashed == name or os.path.lexists(folder / name) else slashed
