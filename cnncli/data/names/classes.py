"""Class names: chosen, ordered and renamed, and compared between splits by name and never by position."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from cnncli.data.samples import FileSamples, ImageData, Samples
from cnncli.data.unused import in_other_classes
from cnncli.errors import DataError
from cnncli.wording import in_counting_order, some

Classes = Sequence[str] | Mapping[str, str] | None
"""Which classes and in which order; a mapping gives each a name, and two of them may have the same."""


LONGEST_NAME = 1_000
"""Characters in the name of a class."""


class TooFewClasses(DataError):
    """A source has fewer than two classes; `names` are those it has."""

    def __init__(self, message: str, hint: str, names: Sequence[str]) -> None:
        super().__init__(message, hint)
        self.names = tuple(names)


ArraysOrFiles = TypeVar("ArraysOrFiles", Samples, FileSamples)


def chosen_classes(present: Collection[str], classes: Classes, where: str) -> dict[str, str]:
    """Chooses which of the classes of a source to use; all, as people count (`class2` before `class10`), when None.

    For each class as it is called in the data, in order, the mapping has the name to give it.

    Raises:
        DataError: A class is missing or chosen twice, or fewer than two are left.
    """
    if classes is None:
        new_names = {name: name for name in sorted(present, key=in_counting_order)}
    elif isinstance(classes, Mapping):
        new_names = {str(name): str(new_name) for name, new_name in classes.items()}
    else:
        new_names = {str(name): str(name) for name in classes}
        if len(new_names) < len(classes):
            twice = {str(name) for name in classes if list(classes).count(name) > 1}
            raise DataError(f"data.classes has {some(sorted(twice))} more than once")
    for name in new_names:
        if len(name) > LONGEST_NAME:
            raise DataError(
                f"{where} has a class with a name of {len(name):,} characters: {name[:20]}…",
                "name the column of the labels, or shorten the name",
            )
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise DataError(f"the name of the class {name!r} in {where} is not UTF-8 text", "rename its folder")
    unknown = [name for name in new_names if name not in present]
    if unknown:
        near = [match for name in unknown for match in difflib.get_close_matches(name, present, 1)]
        suggestion = f"did you mean {some(near)}? " if near else ""
        raise DataError(
            f"{where} has no class {some(unknown)}",
            f"{suggestion}it has {some(sorted(present, key=in_counting_order)) or 'none'}",
        )
    names = class_names(new_names)
    if len(names) < 2:
        raise TooFewClasses(
            f"{where} has {'only one class, ' + names[0] if names else 'no class'}; a classifier needs at least two",
            "expected a folder or a label for each class" if classes is None else "name two or more in data.classes",
            names,
        )
    return new_names


def class_names(new_names: Mapping[str, str]) -> tuple[str, ...]:
    """The names that classes are given, each once, in order."""
    return tuple(dict.fromkeys(new_names.values()))


def labels_of(new_names: Mapping[str, str]) -> dict[str, int]:
    """The label of each class as it is called in the data: the place of the name it is given among `class_names`."""
    place = {name: label for label, name in enumerate(class_names(new_names))}
    return {name: place[new_name] for name, new_name in new_names.items()}


def require_images(class_names: Collection[str], sizes: Mapping[str, int], where: str) -> None:
    """Refuses a split that is used and whose images, of which `sizes` has the number, are all of other classes."""
    for split in (split for split, count in sizes.items() if not count):
        raise DataError(
            f"{where}: no {split} image is of a class of the training images: {some(class_names)}",
            "add some, or remove the split",
        )


def require_same_classes(training: Iterable[str], others: Iterable[str], where: str) -> None:
    """Compares by name the classes of the training images with those of others; the DataError names all that differ."""
    expected, present = set(training), set(others)
    missing = sorted(expected - present, key=in_counting_order)
    unknown = sorted(present - expected, key=in_counting_order)
    parts = []
    if missing:
        parts.append(f"lacks the class{'es' if len(missing) > 1 else ''} {some(missing)}")
    if unknown:
        parts.append(f"has the class{'es' if len(unknown) > 1 else ''} {some(unknown)}, which the training data lacks")
    if parts:
        raise DataError(f"{where} {' and '.join(parts)}", "every split needs the same classes, under the same names")


def in_classes(data: ImageData[ArraysOrFiles], classes: Classes, where: str) -> ImageData[ArraysOrFiles]:
    """The data in the classes that a spec chooses; splits without the training images keep all, under new names."""
    if "train" in data.splits:
        return data if classes is None else with_classes(data, classes, where)
    new_names = classes if isinstance(classes, Mapping) else {}
    return dataclasses.replace(data, class_names=tuple(str(new_names.get(name, name)) for name in data.class_names))


def with_classes(data: ImageData[ArraysOrFiles], classes: Classes, where: str) -> ImageData[ArraysOrFiles]:
    """The data with only the classes chosen, in that order and with those names.

    Raises:
        DataError: A class is missing, or has no training images.
    """
    new_names = chosen_classes(data.class_names, classes, where)
    names = class_names(new_names)
    new_label = np.full(len(data.class_names), -1, np.int64)
    label_of = labels_of(new_names)
    for label, name in enumerate(data.class_names):
        new_label[label] = label_of.get(name, -1)
    splits = {}
    left_out: int = 0
    for split, samples in data.splits.items():
        labels = new_label[samples.labels]  # (samples,)
        rows = np.flatnonzero(labels >= 0)
        # Taking everything would copy it
        subset = samples if len(rows) == len(labels) else samples.take(rows)
        splits[split] = dataclasses.replace(subset, labels=labels[rows])
        left_out += len(labels) - len(rows)
    empty = np.flatnonzero(np.bincount(splits["train"].labels, minlength=len(names)) == 0)
    if len(empty):
        raise DataError(f"{where}: no training image is of the class {some([names[label] for label in empty])}")
    others: list[str] = [name for name in data.class_names if name not in new_names]
    return ImageData(names, splits, (*data.unused, *in_other_classes(left_out, others)))
