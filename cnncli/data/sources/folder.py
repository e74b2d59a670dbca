"""A folder with one folder of images for each class, or with such a folder for each split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from pathlib import Path

import numpy as np

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.files import folders_in, image_names, images_beside
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources.classes import Classes, chosen_classes, class_names, require_same_classes
from cnncli.data.sources.location import existing_folder, some
from cnncli.errors import DataError
from cnncli.wording import counted

SPLIT_FOLDERS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
    "testing": "test",
}
"""What the folder of a split may be called, in small or capital letters."""


def load(
    path: Path | str,
    reading: InputFormat,
    classes: Classes = None,
    exclude: Container[str] = (),
    notice: Callable[[str], None] | None = None,
) -> ImageData[FileSamples]:
    """Find the images of a folder. None is decoded.

    Each folder in it is a class, and images in folders within a class belong to it. Or the folders are `train` and
    `validation` and `test` (`val`, `valid` …), and the class folders are in them. Hidden files and folders and
    `__MACOSX` are passed over.

    Args:
        path: of the folder.
        reading: the size and colour to read images in.
        classes: names of class folders to use, in the order of their labels; or a mapping from such names to class
            names. All of them, `class2` before `class10`, when None.
        exclude: images to leave out, by their paths from the folder on, with forward slashes.
        notice: is told of images that lie beside class folders, because they are not used.

    Returns:
        The split `train`, and those others that have a folder; images are named by their paths from the folder on.

    Raises:
        DataError: no such folder, no class folders, one without images, or splits whose classes differ.
    """
    root = existing_folder(path)
    folders = folders_in(root)
    split_folders = _split_folders(root, folders, classes)
    if not split_folders:
        names, samples = _split(root, "", folders, classes, reading, exclude)
        _tell_of_unused(root, notice)
        return ImageData(names, {"train": samples})
    _require_different(root, split_folders.values())
    expected: tuple[str, ...] = ()
    splits = {}
    for split, folder in split_folders.items():  # training comes first
        names, splits[split] = _split(root, folder + "/", folders_in(root / folder), classes, reading, exclude)
        expected = expected or names
        require_same_classes(expected, names, f"the {split} folder {root / folder}")
        _tell_of_unused(root / folder, notice)
    return ImageData(expected, splits)


def _split_folders(root: Path, folders: list[str], classes: Classes) -> dict[str, str]:
    """The folder of each split, training first; empty when the folders are classes."""
    if classes is not None and all(str(name) in folders for name in classes):
        return {}  # whoever names them as classes means classes: one may well be called `train`
    found: dict[str, str] = {}
    for folder in folders:
        split = SPLIT_FOLDERS.get(folder.lower())
        if split in found:
            raise DataError(f"{root} has two folders of {split} images, {found[split]} and {folder}", "keep one")
        if split:
            found[split] = folder
    if "train" not in found or not folders_in(root / found["train"]):
        if len(found) > 1 and len(found) == len(folders):
            raise DataError(
                f"{root} has the splits {some(found.values())}, but "
                + ("training images have no class folders" if "train" in found else "none to train on"),
                f"expected {root}/train/CLASS/IMAGE",
            )
        return {}
    others = [folder for folder in folders if folder not in found.values()]
    if others:
        raise DataError(
            f"{root} has the splits {some(found.values())} and beside them {some(others)}",
            "move these away, or name the class folders in data.classes if splits are classes too",
        )
    return {split: found[split] for split in ("train", "validation", "test") if split in found}


def _require_different(root: Path, folders: Collection[str]) -> None:
    """Links can make two folders the same one, and then every image would be counted twice."""
    seen: dict[tuple[int, int], str] = {}
    for folder in folders:
        status = (root / folder).stat()
        twin = seen.setdefault((status.st_dev, status.st_ino), folder)
        if twin != folder:
            raise DataError(f"{root / twin} and {root / folder} are the same folder", "one is a link: remove it")


def _tell_of_unused(place: Path, notice: Callable[[str], None] | None) -> None:
    unused = images_beside(place)
    if unused and notice:
        notice(f"{place} has {counted(len(unused), 'image')} beside its class folders, not used: {some(unused)}")


def _split(
    root: Path, prefix: str, folders: list[str], classes: Classes, reading: InputFormat, exclude: Container[str]
) -> tuple[tuple[str, ...], FileSamples]:
    """The images in the class folders of `root / prefix`, and the names of the classes."""
    place = root / prefix if prefix else root
    if not folders:
        images = images_beside(place)
        if images:
            raise DataError(
                f"{place} has {counted(len(images), 'image')} ({some(images)}) and no class folders",
                "expected one folder of images for each class; for labels in a table there is the source csv",
            )
        raise DataError(f"{place} is empty: no class folders", "expected one folder for each class")
    if len(folders) == 1 and folders_in(place / folders[0]):  # as archives often unpack
        raise DataError(f"{place} has one class folder, {folders[0]}", f"did you mean {place / folders[0]}?")
    wanted = chosen_classes(folders, classes, str(place))
    _require_different(place, list(wanted))
    all_names = class_names(wanted)
    names: list[str] = []
    counts = []
    for folder in wanted:
        before = len(names)
        inside = (f"{prefix}{folder}/{name}" for name in image_names(place / folder))
        names += (name for name in inside if name not in exclude)
        counts.append(len(names) - before)
    empty = [folder for folder, count in zip(wanted, counts, strict=True) if not count]
    if empty:
        raise DataError(
            f"no image in the class folder{'s' if len(empty) > 1 else ''} {some(empty)} of {place}",
            "add images, remove the folder, or name the classes to use in data.classes",
        )
    labels = np.repeat([all_names.index(given) for given in wanted.values()], counts).astype(np.int64)
    return all_names, FileSamples(root, tuple(names), labels, reading)
