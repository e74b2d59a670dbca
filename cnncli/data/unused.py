"""Images that a source has and does not use: counted, so that none is left out in silence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath

from cnncli.data.samples import Unused
from cnncli.wording import by_suffix, counted, in_shell, some


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _when_any(reason: str, count: int, message: str) -> list[Unused]:
    return [Unused(reason, count, message)] if count else []


def in_other_classes(count: int, classes: Collection[str]) -> list[Unused]:
    """Images of the classes that `data.classes` leaves out."""
    named = f"{counted(len(classes), 'class')} that data.classes leaves out {_are(count)} not used: {some(classes)}"
    return _when_any("other-classes", count, f"{counted(count, 'image')} of {named}")


def beside_classes(place: Path, names: Collection[str]) -> list[Unused]:
    """Images that lie beside the class folders of a place."""
    names = [PurePosixPath(name).name for name in names]
    images = f"{counted(len(names), 'image')} beside its class folders"
    return _when_any("beside-classes", len(names), f"{place} has {images}, not used: {some(names)}")


def excluded(count: int) -> list[Unused]:
    """Images that `data.exclude` lists."""
    return _when_any("excluded", count, f"{counted(count, 'image')} {_are(count)} left out by data.exclude")


def hidden(names: Collection[str]) -> list[Unused]:
    """Images that are hidden, or in folders that are."""
    message = f"{counted(len(names), 'hidden image')} {_are(len(names))} not used: {some(names)}"
    return _when_any("hidden", len(names), message)


def of_foreign_classes(foreign: Mapping[str, Mapping[str, int]]) -> list[Unused]:
    """Images of classes that the training images lack, of splits that may be left out: the number of each, by split."""
    found = []
    for split, classes in foreign.items():
        count, of = sum(classes.values()), "classes" if len(classes) > 1 else "class"
        images = f"{counted(count, f'{split} image')} of the {of} {some(classes)} {_are(count)} not used"
        found += _when_any(
            "foreign-classes", count, f"{images}: the training images lack {'them' if len(classes) > 1 else 'it'}"
        )
    return found


def other_files(names: Collection[str]) -> list[Unused]:
    """Files in class folders that are not known to be images."""
    files = f"{counted(len(names), 'file')} in the class folders {_are(len(names))}"
    what = "not an image that cnncli knows" if len(names) == 1 else "not images that cnncli knows"
    return _when_any("other-files", len(names), f"{files} {what}, and not used: {by_suffix(names)}")


def without_labels(place: Path, count: int) -> list[Unused]:
    """Images of a split that has no class folders."""
    images = f"{counted(count, 'image')} and no class folders, so no labels"
    later = f"`cnncli predict {in_shell(place)}` classifies them after training"
    return _when_any("without-labels", count, f"{place} has {images}: not used; {later}")


def other_arrays(place: Path, names: Collection[str]) -> list[Unused]:
    """Arrays whose names say neither what they hold nor for which split; their number stands for that of images."""
    arrays = f"{counted(len(names), 'array')} whose names tell no split and no kind, not used: {some(names)}"
    return _when_any("other-arrays", len(names), f"{place} has {arrays}")


def in_other_folders(folder: Path, count: int) -> list[Unused]:
    """Images of a folder that is in no split."""
    message = f"{folder} has {counted(count, 'image')}, not used: data.split.folder does not name it"
    return _when_any("other-folders", count, message)


NO_LABEL = {
    "unlabelled": ("has no label", "have no label"),
    "skipped": ("was skipped by its annotators", "were skipped by their annotators"),
    "several-labels": ("has several labels", "have several labels"),
    "boxes-of-several-classes": ("has boxes of several classes", "have boxes of several classes"),
    "annotators-disagree": (
        "is as often of one class as of another to its annotators",
        "are as often of one class as of another to theirs",
    ),
}
"""Why an image of a table or export has not one label: of one image, and of several."""


def without_one_label(reason: str, names: Collection[str]) -> list[Unused]:
    """Images that have not one label, for a reason that is a key of `NO_LABEL`."""
    has = f"{NO_LABEL[reason][len(names) != 1]} and {_are(len(names))}"
    return _when_any(reason, len(names), f"{counted(len(names), 'image')} {has} not used: {some(names)}")


def repeated(names: Collection[str]) -> list[Unused]:
    """Rows that say again what an earlier one says."""
    rows = f"{counted(len(names), 'row')} {'repeats an earlier one' if len(names) == 1 else 'repeat earlier ones'}"
    return _when_any("repeated", len(names), f"{rows}; each image is used once: {some(names)}")


def in_other_splits(name: str, count: int, splits: Collection[str]) -> list[Unused]:
    """Images of splits of a data set whose names are not those of training, validation or test."""
    message = f"{name} has {counted(count, 'image')} in {some(splits)}, not used; `splits` of the source sets which are"
    return _when_any("other-splits", count, message)


def in_other_arrays(place: Path, count: int, files: Collection[str]) -> list[Unused]:
    """Images in files that are neither those of the training nor those of the test."""
    message = (
        f"{place} has {counted(count, 'image')} in {some(files)}, not used: training and test images are elsewhere"
    )
    return _when_any("other-arrays", count, message)
