"""Sizes, colours and formats of the images of a folder or table, from their headers: what `cnncli init` chooses by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.inventory.archives import archive_name
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.source_inventory import inventory_of_data
from cnncli.data.names.classes import require_images
from cnncli.data.names.split_names import split_of
from cnncli.data.quality.class_warnings import class_warnings, folders_within_classes
from cnncli.data.quality.group_names import SuggestedGroups, suggested_groups
from cnncli.data.quality.inspection import inspect_files
from cnncli.data.quality.value_range import DarkSet, dark_sets
from cnncli.data.recognition import Place, in_place_of_classes, opened_table, recognised, tables_not_used, within
from cnncli.data.samples import ImageData, Samples
from cnncli.data.sources import folder, load_images
from cnncli.data.sources.labelling.place import unread_files
from cnncli.data.sources.rows.not_tables import not_a_table
from cnncli.data.sources.rows.reading import is_table
from cnncli.data.unused import of_foreign_classes
from cnncli.errors import DataError
from cnncli.notices import Notice, Progress
from cnncli.wording import counted, in_shell, listed, some

_ANY = InputFormat(1, 1, 3)
_MIDDLE = replace(_ANY, frame="middle")


@dataclass(frozen=True)
class Survey:
    """The readable images of a source, a key of `IMAGE_SOURCES`, whose arguments are those of a spec.

    Args:
        labels: Labels of each split, int64, shape `(images,)`; `train` is always there.
        sizes: Height and width of all images the right way up, int64, shape `(images, 2)`, `train` first.
        grey: Whether each of them is stored without colour, bool, shape `(images,)`.
        formats: Number of images by format, most frequent first.
        unreadable: Files that cannot be read, each with the reason.
        notices: Sentences about images that are not used, about the column of a table that divides them, and about
            classes that a split lacks or that may be one.
        dark: Images for which a spec must say which value is white; None when it need not.
        foreign: For a split, the classes that the training images lack and that are therefore not used, and the number
            of images of each.
        groups: Groups that the file names suggest; None when they suggest none.
        stacks: Number of files that hold several pages or frames, of which a spec must choose one.
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
    dark: DarkSet | None = None
    foreign: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    groups: SuggestedGroups | None = None
    stacks: int = 0

    def counts(self, split: str = "train") -> np.ndarray:
        """Images of each class in a split, int64, shape `(classes,)`."""
        return np.bincount(self.labels[split], minlength=len(self.class_names))  # (classes,)

    @property
    def all_labels(self) -> np.ndarray:
        """The labels of all images in the order of `sizes` and `grey`, int64, shape `(images,)`."""
        return np.concatenate(list(self.labels.values()))  # (images,)


def survey(path: Path, columns: Mapping[str, str] | None = None, progress: Progress | None = None) -> Survey:
    """Reads the headers of all images at a path. Few are decoded, and nothing is written but those inside of a table.

    Args:
        path: A folder of class folders, or of such folders for each split; a table; or files of arrays.
        columns: `image_column`, `label_column`, `split_column` and `root` of a table, where they cannot be guessed.
        progress: Receives how many files are done, and of how many.

    Raises:
        DataError: The images cannot be trained on; the hint says what to do.
    """
    told: list[str] = []
    place, data = _opened(path, columns or {}, told.append)
    if IMAGE_SOURCES[place.source].images == "arrays":
        return _survey_arrays(place, data, told)
    require_images(data.class_names, {split: len(samples) for split, samples in data.splits.items()}, str(path))
    files = [
        (samples.path(number), name) for samples in data.splits.values() for number, name in enumerate(samples.names)
    ]
    inspections = inspect_files(files, False, progress)
    reading, stacks = _ANY, [number for number, one in enumerate(inspections) if one.problem == "format-not-read"]
    of_stacks = inspect_files([files[number] for number in stacks], False, reading=_MIDDLE)
    readable = [(number, one) for number, one in zip(stacks, of_stacks, strict=True) if not one.problem]
    for number, one in readable:
        inspections[number], reading = one, _MIDDLE
    if readable:
        told.append(f"{counted(len(readable), 'file')} of several pages: one of each is used; see data.image.frame")
    unreadable = {name: one.detail for (_, name), one in zip(files, inspections, strict=True) if one.problem}
    if unreadable:
        _require_most_readable(path, unreadable, len(files))
        data = load_images(place.source, place.arguments, input_format=_ANY, exclude=set(unreadable))
    good = [one for one in inspections if not one.problem]
    entries = inventory_of_data(data, path).entries
    if place.source == "folder":
        told += folders_within_classes(entries)
    return Survey(
        place.source,
        place.arguments,
        data.class_names,
        {split: samples.labels for split, samples in data.splits.items()},
        np.array([(one.height, one.width) for one in good], np.int64),  # (images, 2)
        np.array([one.grey for one in good], bool),
        dict(Counter(one.kind for one in good).most_common()),
        unreadable,
        (*dict.fromkeys(told), *_notices(data)),
        next(iter(dark_sets([path for path, _ in files], inspections, reading, every=True)), None),
        data.foreign,
        suggested_groups(entries),
        len(readable),
    )


def _survey_arrays(place: Place, data: ImageData[Samples], told: Sequence[str]) -> Survey:
    """The same of images in arrays, which all have one size."""
    height, width, channels = data.splits["train"].shape
    labels = {split: samples.labels for split, samples in data.splits.items()}
    count = sum(map(len, labels.values()))
    return Survey(
        place.source,
        place.arguments,
        data.class_names,
        labels,
        np.tile(np.array([[height, width]], np.int64), (count, 1)),  # (images, 2)
        np.full(count, channels == 1),
        {"arrays": count},
        {},
        (*(line.removeprefix("warning: ") for line in dict.fromkeys(told)), *_notices(data)),
        foreign=data.foreign,
    )


def _require_no_columns(path: Path, columns: Mapping[str, str]) -> None:
    if columns:
        options = some([f"--{name.replace('_', '-')}" for name in columns])
        applies = "applies" if len(columns) == 1 else "apply"
        kind = "a folder" if path.is_dir() else "a file of arrays"
        raise DataError(f"{options} {applies} to tables only; {path} is {kind}", "remove the option")


def _notices(data: ImageData[Any]) -> Iterator[str]:
    yield from (one.message for one in data.unused if one.reason != "excluded")
    yield from (one.message for one in of_foreign_classes(data.foreign))
    labels = {split: samples.labels for split, samples in data.splits.items()}
    yield from (line.removeprefix("warning: ") for line in class_warnings(data.class_names, labels))


def _opened(path: Path, columns: Mapping[str, str], notice: Notice) -> tuple[Place, ImageData[Any]]:
    """What is at a path, loaded; a folder that has a data set in it in place of class folders is read as that."""
    place = recognised(path)
    if place.source == "folder":
        try:
            data: ImageData[Any] = folder.load(path, _ANY)
        except DataError as error:
            inner = within(path, columns)
            if inner is None:
                _require_no_columns(path, columns)
                raise DataError(error.message, _better_hint(path, error.hint)) from None
        else:
            inner = in_place_of_classes(path, data, columns)
            if inner is None:
                _require_no_columns(path, columns)
                for sentence in tables_not_used(path):
                    notice(sentence)
                return place, data
        place = inner
    if place.source != "table":
        _require_no_columns(path, columns)
    for sentence in place.notices:
        notice(sentence)
    if place.source != "table":
        return place, load_images(place.source, place.arguments, input_format=_ANY, notice=notice)
    try:
        return opened_table(place, columns, notice)
    except DataError as error:
        # There is no spec yet to set keys in
        hint = re.sub(r"data\.source\.table\.(\w+)_column", r"--\1-column", error.hint)
        start = "; --root names another folder" if "relative paths" in hint else ""
        raise DataError(error.message, hint + start) from None


def _better_hint(path: Path, hint: str) -> str:
    """What to do about a folder without classes that has a table, telling names, or a file of another kind in it."""
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    asks = "class" in hint.lower()
    files = [file for file in files if not _ABOUT.match(file.name)]
    unread = unread_files(path)
    archives = [file for file in files if archive_name(file)]
    if asks and archives and not FolderInventory(path, {}).images():
        files = archives
    if asks and (tables := [file for file in files if is_table(file) and file.name not in unread]):
        return f"{hint}\nthere is a table in it: cnncli init {in_shell(tables[0])}"
    flat, words = path, _classes_in_names([file.name for file in files])
    if not words:  # those of `train`, perhaps
        flat = next((each for each in sorted(path.iterdir()) if each.is_dir() and split_of(each.name) == "train"), path)
        words = _classes_in_names([file.name for file in flat.iterdir()])
    if asks and words:
        folder, name = in_shell(flat), in_shell(f"{path.resolve().name}.csv")
        return (
            f"{hint}\nif the file names begin with their classes ({some(words)}), this makes a table of them: "
            f"(echo file,label; ls {folder} | sed -E '{_CLASS_IN_NAME}') > {name} && cnncli init {name} --root {folder}"
        )
    others = [error for file in files if file.suffix.lower() not in SUFFIXES and (error := not_a_table(file))]
    if asks and others:
        return f"{hint}\n{others[0].message}: {others[0].hint}"
    if unread:
        known = "a folder for each class, COCO, CSV or another format of docs/data.md"
        return f"cnncli does not read labels from {some(unread)}: export them as {known}"
    return hint.replace(", remove the folder, or name the classes to use in data.classes", ", or remove the folder")


_ABOUT = re.compile("readme|licen[cs]e|requirements|changelog", re.IGNORECASE)

_CLASS_IN_NAME = "s/^([A-Za-z][A-Za-z _-]*[A-Za-z])[^A-Za-z]*\\..*/&,\\1/"
"""What sed makes of `red fox_12.jpg`: `red fox_12.jpg,red fox`."""


def _classes_in_names(files: Sequence[str]) -> list[str]:
    """The words that images are called by, `cat.1.jpg`, `dog.1.jpg`, where there are a few with several images each."""
    images = [name for name in files if Path(name).suffix.lower() in SUFFIXES]
    found = [re.match(r"([A-Za-z][A-Za-z _-]*[A-Za-z])[^A-Za-z]*\.", name) for name in images]
    words = Counter(each[1] for each in found if each)
    return sorted(words) if len(words) > 1 and words.total() == len(images) and min(words.values()) > 1 else []


def _require_most_readable(path: Path, unreadable: Mapping[str, str], total: int) -> None:
    """A few broken files are excluded and named; if it is more than half, something else is wrong."""
    if 2 * len(unreadable) > total:
        files = listed(f"{name} {detail}" for name, detail in unreadable.items())
        raise DataError(
            f"{len(unreadable):,} of the {total:,} images of {path} cannot be read:{files}",
            f"convert or replace them; run `cnncli data {in_shell(path)}` for the whole list",
        )
