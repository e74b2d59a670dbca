"""A folder with one folder of images for each class, or with such a folder for each split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import numpy as np

from cnncli.data import unused
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.folder_layout import Layout, innermost, layout_of, require_different
from cnncli.data.inventory.location import existing_folder
from cnncli.data.inventory.source_inventory import SourceInventory
from cnncli.data.names.classes import Classes, chosen_classes, class_names, labels_of
from cnncli.data.samples import FileSamples, ImageData, Unused
from cnncli.errors import DataError
from cnncli.records import Affected
from cnncli.wording import counted, in_counting_order, some

SplitFolders = Mapping[str, str] | None
"""Which folder is `train`, `validation` or `test`, where the names do not say so."""

UNLABELLED = frozenset({"_unlabeled", "no_label"})
"""Folders into which FiftyOne and Datumaro export images without a label: no classes, unless a spec lists them."""


def load(
    path: Path | str,
    input_format: InputFormat,
    classes: Classes = None,
    exclude: Container[str] = (),
    split_folders: SplitFolders = None,
) -> ImageData[FileSamples]:
    """Finds the images of a folder. None is decoded.

    Each folder in it is a class, and images in folders within a class belong to it. Or the folders are those of splits
    (`train`, `val`, `test_set` …), and the class folders are in them. Hidden files and folders, `__MACOSX`, and runs
    and caches of cnncli are passed over. Images are named by their paths from the folder on, with forward slashes.

    Raises:
        DataError: There is no such folder, it has no class folders, one without training images, or folders that can be
            classes and splits.
    """
    root = existing_folder(path)
    contents = FolderInventory(root)
    layout = layout_of(root, contents, classes, split_folders)
    require_different(root, [place for places in layout.places.values() for place in places])
    found = _Found(root, contents, layout, exclude)
    _require_class_folders(root, contents, layout.places["train"])
    new_names = _chosen(root, contents, layout, classes)
    names = class_names(new_names)
    splits: dict[str, FileSamples] = {}
    foreign: dict[str, Mapping[str, int]] = {}
    left_out: dict[str, Mapping[str, int]] = {}
    for split, places in layout.places.items():
        chosen = [f"{place}{name}/" for place in places for name in contents.folders(place) if name in new_names]
        require_different(root, chosen)
        images_of = {name: found.images(places, name) for name in new_names}
        if split == "train":
            _require_images(root / places[0], images_of, new_names)
        files = tuple(name for images in images_of.values() for name in images)
        labels = np.repeat(list(labels_of(new_names).values()), list(map(len, images_of.values())))
        splits[split] = FileSamples(root, files, labels.astype(np.int64), input_format)
        if others := found.other_classes(places, new_names, is_chosen=classes is not None):
            (foreign if classes is None else left_out)[split] = others
    return ImageData(names, splits, (*_left_out(left_out), *found.unused()), foreign)


def _left_out(classes: Mapping[str, Mapping[str, int]]) -> list[Unused]:
    """The images of classes that `data.classes` leaves out, of all splits."""
    images = sum(map(Counter, classes.values()), Counter[str]())
    return unused.in_other_classes(images.total(), list(images))


class _Found:
    """The images of the class folders, and a count of everything that is passed over on the way to them."""

    def __init__(self, root: Path, contents: FolderInventory, layout: Layout, exclude: Container[str]) -> None:
        self._root, self._contents, self._layout, self._exclude = root, contents, layout, exclude
        self._names = {place: set(contents.folders(place)) for of in layout.places.values() for place in of}
        self._excluded = 0
        self._other_files: list[str] = []
        self._unlabelled: list[str] = []

    def images(self, places: tuple[str, ...], name: str) -> list[str]:
        """The images of a class in all places of a split."""
        kept: list[str] = []
        for place in (place for place in places if name in self._names[place]):
            images, others = self._contents.images_and_others(f"{place}{name}/")
            of_folder = [image for image in images if image not in self._exclude]
            self._excluded += len(images) - len(of_folder)
            self._other_files += others
            kept += of_folder
        return kept

    def other_classes(self, places: tuple[str, ...], names: Container[str], is_chosen: bool) -> Counter[str]:
        """The class folders with images that are not among the names, and how many images each has."""
        others = Counter[str]()
        for place in places:
            for name in (name for name in self._contents.folders(place) if name not in names):
                if name in UNLABELLED and not is_chosen:
                    self._unlabelled += self._contents.images(f"{place}{name}/")
                else:
                    others[name] += _images_if_listed(self._contents, f"{place}{name}/")
        return +others

    def unused(self) -> Iterator[Unused]:
        """All that was not used."""
        layout = self._layout
        places = [place for of_split in layout.places.values() for place in of_split]
        for place in dict.fromkeys(["", *places]):
            yield from unused.beside_classes(self._root / place, self._contents.loose_images(place))
        yield from unused.without_one_label("unlabelled", self._unlabelled)
        for place in layout.without_labels:
            yield from unused.without_labels(self._root / place, len(self._contents.images(place)))
        for name in layout.not_used:
            count = _images_if_listed(self._contents, f"{name}/")
            yield from unused.in_other_folders(self._root / name, count)
        yield from unused.excluded(self._excluded)
        yield from unused.other_files(self._other_files)
        yield from unused.hidden(self._contents.hidden_images())


def _images_if_listed(contents: FolderInventory, place: str) -> int:
    """The number of images of a folder that is not used; 0 where it may not be looked at."""
    try:
        return len(contents.images(place))
    except DataError:
        return 0


def inventory(
    path: Path | str, classes: Classes = None, exclude: Container[str] = (), split_folders: SplitFolders = None
) -> SourceInventory:
    """Lists every file of a folder; one that cannot be listed is a problem and does not stop the listing.

    Raises:
        DataError: There is no such folder, or it has no class of a name that `classes` has.
    """
    root = existing_folder(path)
    unlistable: dict[str, str] = {}
    contents = FolderInventory(root, unlistable)
    try:
        layout = layout_of(root, contents, classes, split_folders)
    except DataError:  # `load` says so
        layout = Layout()
    sources = SourceInventory(root)

    def add(split: str, place: str, label: str = "", nested: bool = True) -> None:
        sources.add(split, label, (name for name in contents.files(place, nested) if name not in exclude))

    chosen = None if classes is None else _chosen(root, contents, layout, classes)
    not_used = [Affected((name,), "is not named in data.split.folder") for name in layout.not_used]
    not_used += [
        Affected((place.rstrip("/"),), "has no class folders, so no labels") for place in layout.without_labels
    ]
    left_out: list[Affected] = []
    if layout.has_splits:
        add("train", "", nested=False)
    for split, places in layout.places.items():
        new_names: dict[str, str] = {}
        for place in places:
            add(split, place, nested=False)
            there = [name for name in contents.folders(place) if classes is not None or name not in UNLABELLED]
            names = {name: name for name in there} if chosen is None else chosen
            for folder in there:
                if folder in names:
                    add(split, f"{place}{folder}/", names[folder])
                elif contents.images(f"{place}{folder}/"):
                    left_out.append(Affected((f"{place}{folder}",)))
            new_names |= names
        sources.classes[split] = class_names(new_names)
    by_name = sorted(contents.passed_over.items(), key=lambda item: in_counting_order(item[0]))
    sources.problems = {
        "passed-over": [Affected((name,), reason) for name, reason in by_name],
        "unreadable-folder": [Affected((name,), reason) for name, reason in unlistable.items()],
        "unused-folder": not_used,
        "unused-class": left_out,
    }
    return sources


def _chosen(root: Path, contents: FolderInventory, layout: Layout, classes: Classes) -> dict[str, str]:
    """The class folders to use and their names: of all splits where they are chosen, or else those of training."""
    splits = ["train"] if classes is None else list(layout.places)
    folders = dict.fromkeys(
        name
        for split in splits
        for place in layout.places[split]
        for name in contents.folders(place)
        if classes is not None or name not in UNLABELLED
    )
    return chosen_classes(folders, classes, str(root / layout.places["train"][0]))


def _require_class_folders(root: Path, contents: FolderInventory, places: tuple[str, ...]) -> None:
    """Refuses a place that is empty, has images and no class folders, or is the folder around the right one."""
    place, where = places[0], root / places[0]
    folders = contents.folders(place)
    images = [] if folders else [Path(name).name for name in contents.images(place, nested=False)]
    if images:
        raise DataError(
            f"{where} has {counted(len(images), 'image')} ({some(images)}) and no class folders",
            "expected one folder of images for each class; labels in a table are read by the source table",
        )
    if not folders:
        raise DataError(f"{where} is empty: no class folders", "expected one folder for each class")
    inner = innermost(contents, place)
    if len(places) == 1 and inner != place:  # as archives often unpack
        raise DataError(f"{where} has one class folder, {folders[0]}", f"did you mean {root / inner}?")


def _require_images(where: Path, images_of: Mapping[str, list[str]], new_names: Mapping[str, str]) -> None:
    """Refuses a class without training images; a folder that is merged with another may be empty."""
    present = {new_names[name] for name, images in images_of.items() if images}
    empty = [name for name, new_name in new_names.items() if new_name not in present]
    if empty:
        raise DataError(
            f"no image in the class folder{'s' if len(empty) > 1 else ''} {some(empty)} of {where}",
            "add images, remove the folder, or name the classes to use in data.classes",
        )
