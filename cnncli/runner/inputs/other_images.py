"""Other labelled images that a run is measured on: class folders or a table, by the names of the run's classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import existing_folder, require_existing
from cnncli.data.names.split_names import SPLITS, splits_named
from cnncli.data.remote.copies import naming_addresses
from cnncli.data.samples import FileSamples
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.reading import SUFFIXES, is_table
from cnncli.data.sources.table import labelled_rows
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.runner.inputs.data_record import DataRecord
from cnncli.runner.inputs.input_format import input_format_for
from cnncli.runner.inputs.local_data import local_images
from cnncli.spec.schema import Data
from cnncli.wording import counted, near_word, some


class _Image(NamedTuple):
    """A file, from the root on with forward slashes, and the name of its class in the folder or table."""

    name: str
    label: str


class OtherImages(NamedTuple):
    """Labelled images that need not be those of a run.

    Args:
        place: Where they are, as it was named.
        split: Their split, empty where there are none.
        files: The images, with labels in the order of the run's classes.
    """

    place: Path
    split: str
    files: FileSamples


@naming_addresses()
def other_images(on: Path, split: str | None, data: Data, record: DataRecord, notice: Notice = ignore) -> OtherImages:
    """Finds labelled images that need not be those of the run; none is decoded.

    Args:
        on: A folder with a folder for each class, or with such folders for each split; or a table of images.
        split: The split to use, where there are several.
        data: Section `data` of the run's spec: images are read as in its training.
        record: Record of the run's images, for their size and classes.
        notice: Receives a line about classes of the run without images.

    Returns:
        The images, of one split.

    Raises:
        DataError: There are no such images, several splits to choose from, or classes that the run does not know.
    """
    place = require_existing(local_images(on, data, notice))
    known = _known_classes(data, record.class_names)
    if is_table(place):
        root, found = _in_table(place, data, notice)
    elif place.is_dir():
        root, found = _in_folder(existing_folder(place), known)
    else:
        raise DataError(
            f"{place} is neither a folder of images nor a table of them",
            f"expected a folder of images for each class, or a table: {', '.join(sorted(SUFFIXES))}",
        )
    chosen, images = _chosen_split(place, found, split)
    if not images:
        raise _no_images(place)
    _require_known(place, images, known, record.class_names)
    labels = np.array([known[image.label] for image in images], np.int64)
    missing = [name for label, name in enumerate(record.class_names) if label not in set(labels.tolist())]
    if missing:
        are = "class" if len(missing) == 1 else "classes"
        notice(f"note: {place} has no images of the {are} {some(missing)}; macro averages count them as 0")
    names = tuple(image.name for image in images)
    return OtherImages(on, chosen, FileSamples(root, names, labels, input_format_for(data, record.shape)))


def _no_images(place: Path) -> DataError:
    loose = FolderInventory(place).images() if place.is_dir() else ()
    has = f"{counted(len(loose), 'image')} and no class folders, so no labels" if loose else "no images"
    return DataError(f"{place} has {has}", "expected a folder of images for each class, or a table of images")


def _known_classes(data: Data, class_names: Sequence[str]) -> dict[str, int]:
    """The label of each name that means one class: those of the run, and those that the spec renamed."""
    index = {name: label for label, name in enumerate(class_names)}
    renamed = data.classes if isinstance(data.classes, Mapping) else {}
    former = {str(name): index[str(new)] for name, new in renamed.items() if str(new) in index}
    unclear = [name for name in former if index.get(name, former[name]) != former[name]]
    return {name: label for name, label in {**former, **index}.items() if name not in unclear}


def _in_folder(root: Path, known: Mapping[str, int]) -> tuple[Path, dict[str, list[_Image]]]:
    """The images of class folders by split; the split is empty where the folders are classes."""
    contents = FolderInventory(root)
    top = _unpacked(contents, "", known)
    folders = contents.folders(top)
    splits = {} if any(name in known for name in folders) else splits_named(folders)
    places = {split: _unpacked(contents, f"{top}{name}/", known) for name, split in splits.items()}
    places = {split: places[split] for split in SPLITS if split in places and contents.folders(places[split])}
    return root, {split: list(_in_classes(contents, place)) for split, place in (places or {"": top}).items()}


def _unpacked(contents: FolderInventory, place: str, known: Mapping[str, int]) -> str:
    """The place within folders that hold one folder and nothing else, as archives often unpack."""
    while len(folders := contents.folders(place)) == 1 and folders[0] not in known:
        if not contents.folders(f"{place}{folders[0]}/") or splits_named(folders):
            break
        place = f"{place}{folders[0]}/"
    return place


def _in_classes(contents: FolderInventory, place: str) -> Iterator[_Image]:
    for folder in contents.folders(place):
        yield from (_Image(name, folder) for name in contents.images(f"{place}{folder}/"))


def _in_table(table: Path, data: Data, notice: Notice) -> tuple[Path, dict[str, list[_Image]]]:
    """The images of a table by split; without a column of splits all are `train`."""
    own = data.source.arguments if data.source.name == "table" else {}
    keys = [key for key in ("image_column", "label_column", "split_column") if own.get(key)]
    arguments = TableArguments(table, names=own.get("names"), notice=notice, **{key: own[key] for key in keys})
    try:
        folder, rows = labelled_rows(arguments)
    except DataError as error:
        if "data.source.table" not in error.hint:
            raise
        raise DataError(error.message, "call the columns image, label and, if there are splits, split") from None
    splits = sorted({row.split for row in rows}, key=SPLITS.index)
    by_split = {split: [_Image(row.name, row.label) for row in rows if row.split == split] for split in splits}
    return folder, {"": by_split["train"]} if splits == ["train"] else by_split


def _chosen_split(place: Path, found: Mapping[str, list[_Image]], split: str | None) -> tuple[str, list[_Image]]:
    if split is None and len(found) > 1:
        raise DataError(f"{place} has the splits {some(list(found))}", "name one with --split")
    if split is not None and split not in found:
        has = f"it has {some(list(found))}" if any(found) else "it has no splits: leave out --split"
        raise DataError(f"{place} has no {split} images", has)
    chosen = next(iter(found), "") if split is None else split
    return chosen, found.get(chosen, [])


def _require_known(place: Path, images: Sequence[_Image], known: Mapping[str, int], class_names: Sequence[str]) -> None:
    """Refuses classes that the run does not have, with the names that they may be meant by."""
    unknown = [name for name in dict.fromkeys(image.label for image in images) if name not in known]
    if not unknown:
        return
    near = {name: near_word(name, class_names) for name in unknown}
    named = [f"{name} (did you mean '{near[name]}'?)" if near[name] else name for name in unknown]
    raise DataError(
        f"{place} has {'a class' if len(unknown) == 1 else 'classes'} that this run does not know: {some(named)}",
        f"give them the names of the run's classes, {some(class_names)}, or move them away",
    )
