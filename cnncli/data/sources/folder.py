"""A folder with one folder of images for each class, or with such a folder for each split."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from pathlib import Path

import numpy as np

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.folder_inventory import FolderInventory, in_counting_order
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources.classes import Classes, chosen_classes, class_names, require_same_classes
from cnncli.data.sources.inventory import SourceInventory
from cnncli.data.sources.location import existing_folder, some
from cnncli.errors import DataError
from cnncli.records import Affected
from cnncli.wording import counted

Notice = Callable[[str], None]

SPLITS = ("train", "validation", "test")

SPLIT_FOLDERS: Mapping[str, str] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What the folder of a split may be called, in any case."""


def load(
    path: Path | str,
    input_format: InputFormat,
    classes: Classes = None,
    exclude: Container[str] = (),
    notice: Notice | None = None,
) -> ImageData[FileSamples]:
    """Finds the images of a folder. None is decoded.

    Each folder in it is a class, and images in folders within a class belong to it. Or the folders are `train` and
    `validation` and `test` (`val`, `valid` …), and the class folders are in them. Hidden files and folders and
    `__MACOSX` are passed over. Images are named by their paths from the folder on, with forward slashes.

    Raises:
        DataError: There is no such folder, it has no class folders, one without images, or splits whose classes differ.
    """
    root = existing_folder(path)
    contents = FolderInventory(root)
    places = _split_folders(root, contents, classes)
    _require_different(root, places.values())
    expected: tuple[str, ...] = ()
    splits = {}
    for split, place in places.items():  # training comes first
        names, splits[split] = _split(root, place, contents, classes, input_format, exclude)
        expected = expected or names
        require_same_classes(expected, names, f"the {split} folder {root / place}")
        unused = [Path(name).name for name in contents.images(place, nested=False)]
        if unused and notice:
            images = f"{counted(len(unused), 'image')} beside its class folders"
            notice(f"{root / place} has {images}, not used: {some(unused)}")
    return ImageData(expected, splits)


def inventory(path: Path | str, classes: Classes = None, exclude: Container[str] = ()) -> SourceInventory:
    """Lists every file of a folder; one that cannot be listed is a problem and does not stop the listing.

    Raises:
        DataError: There is no such folder, or it has no class of a name that `classes` has.
    """
    root = existing_folder(path)
    unlistable: dict[str, str] = {}
    contents = FolderInventory(root, unlistable)
    top = contents.folders()
    places = {SPLIT_FOLDERS[name.lower()]: f"{name}/" for name in top if name.lower() in SPLIT_FOLDERS}
    sources = SourceInventory(root)

    def add(split: str, place: str, label: str = "", nested: bool = True) -> None:
        sources.add(split, label, (name for name in contents.files(place, nested) if name not in exclude))

    if "train" not in places or _are_classes(classes, top) or not contents.folders(places["train"]):
        places = {"train": ""}
    else:
        add("train", "", nested=False)
    for split, place in ((split, places[split]) for split in SPLITS if split in places):
        add(split, place, nested=False)
        new_names = {folder: folder for folder in contents.folders(place)}
        if classes is not None:
            new_names = chosen_classes(new_names, classes, str(root / place))
        for folder, label in new_names.items():
            add(split, f"{place}{folder}/", label)
        sources.classes[split] = class_names(new_names)
    sources.problems = {
        "passed-over": [Affected((name,), "is hidden") for name in sorted(contents.hidden, key=in_counting_order)],
        "unreadable-folder": [Affected((name,), reason) for name, reason in unlistable.items()],
    }
    return sources


def _are_classes(classes: Classes, folders: Collection[str]) -> bool:
    """Whether `data.classes` names these folders: a class may well be called `train`."""
    return classes is not None and all(str(name) in folders for name in classes)


def _split_folders(root: Path, contents: FolderInventory, classes: Classes) -> dict[str, str]:
    """The place of each split, training first; `train` is the whole folder when the folders are classes."""
    folders = contents.folders()
    places: dict[str, str] = {}
    for folder in folders if not _are_classes(classes, folders) else []:
        split = SPLIT_FOLDERS.get(folder.lower())
        if split in places:
            raise DataError(f"{root} has two folders of {split} images, {places[split]} and {folder}", "keep one")
        if split:
            places[split] = folder
    if "train" not in places or not contents.folders(f"{places['train']}/"):
        if len(places) > 1 and len(places) == len(folders):
            raise DataError(
                f"{root} has the splits {some(places.values())}, but "
                + ("training images have no class folders" if "train" in places else "none to train on"),
                f"expected {root}/train/CLASS/IMAGE",
            )
        return {"train": ""}
    others = [folder for folder in folders if folder not in places.values()]
    if others:
        raise DataError(
            f"{root} has the splits {some(places.values())} and beside them {some(others)}",
            "move these away, or name the class folders in data.classes if splits are classes too",
        )
    return {split: f"{places[split]}/" for split in SPLITS if split in places}


def _require_different(root: Path, folders: Collection[str]) -> None:
    """Links can make two folders the same one, and then every image would be counted twice."""
    seen: dict[tuple[int, int], str] = {}
    for folder in folders:
        status = (root / folder).stat()
        twin = seen.setdefault((status.st_dev, status.st_ino), folder)
        if twin != folder:
            raise DataError(f"{root / twin} and {root / folder} are the same folder", "one is a link: remove it")


def _split(
    root: Path,
    place: str,
    contents: FolderInventory,
    classes: Classes,
    input_format: InputFormat,
    exclude: Container[str],
) -> tuple[tuple[str, ...], FileSamples]:
    """The images in the class folders of one place, and the names of the classes."""
    where, folders = root / place, contents.folders(place)
    if not folders:
        images = [Path(name).name for name in contents.images(place, nested=False)]
        if images:
            raise DataError(
                f"{where} has {counted(len(images), 'image')} ({some(images)}) and no class folders",
                "expected one folder of images for each class; labels in a table are read by the source csv",
            )
        raise DataError(f"{where} is empty: no class folders", "expected one folder for each class")
    if len(folders) == 1 and contents.folders(f"{place}{folders[0]}/"):  # as archives often unpack
        raise DataError(f"{where} has one class folder, {folders[0]}", f"did you mean {where / folders[0]}?")
    new_names = chosen_classes(folders, classes, str(where))
    _require_different(where, list(new_names))
    all_names = class_names(new_names)
    images_of = {
        folder: [name for name in contents.images(f"{place}{folder}/") if name not in exclude] for folder in new_names
    }
    empty = [folder for folder, images in images_of.items() if not images]
    if empty:
        raise DataError(
            f"no image in the class folder{'s' if len(empty) > 1 else ''} {some(empty)} of {where}",
            "add images, remove the folder, or name the classes to use in data.classes",
        )
    names = tuple(name for images in images_of.values() for name in images)
    labels = np.repeat([all_names.index(label) for label in new_names.values()], list(map(len, images_of.values())))
    return all_names, FileSamples(root, names, labels.astype(np.int64), input_format)
