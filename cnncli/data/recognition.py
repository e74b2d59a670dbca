"""What a folder or file of images is: the source that reads it, with its arguments, as `cnncli init` writes them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import require_existing
from cnncli.data.names.split_names import says_nothing, splits_named
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources import cifar, folder, idx, table
from cnncli.data.sources.arrays import holds_arrays
from cnncli.data.sources.rows.names import names_in
from cnncli.data.sources.rows.not_tables import not_a_table
from cnncli.data.sources.rows.reading import is_table, split_tables, tables_in_splits
from cnncli.errors import DataError
from cnncli.notices import Notice
from cnncli.wording import in_shell, some

_ANY = InputFormat(1, 1, 3)
_DEEPEST = 4
"""Folders around the images that archives put there."""

_OF_TFDS = ("features.json", "dataset_info.json")
"""Files of a prepared data set; Hugging Face's `save_to_disk` writes the second one as well."""

_SAMPLE = re.compile("sample|submission|test|meta", re.IGNORECASE)
_NAMES = re.compile("class|name|label|categor|map|synset|sign", re.IGNORECASE)
_BESIDE_IMAGES = {
    "annotations",
    "annotation",
    "labels",
    "masks",
    "mask",
    "segmentations",
    "trimaps",
    "meta",
    "metadata",
}
"""Names of folders beside those of images."""

_PART = re.compile(r"\d+")


class Place(NamedTuple):
    """A source, a key of `IMAGE_SOURCES`, its arguments, and what should be said of how it was recognised."""

    source: str
    arguments: Mapping[str, str]
    notices: tuple[str, ...] = ()


def recognised(path: Path) -> Place:
    """The source that reads a file or folder, by what is in it; a folder of class folders where nothing else fits.

    Raises:
        DataError: It does not exist, or is a file that no source reads.
    """
    require_existing(path)
    if tfds := _prepared(path):
        raise DataError(
            f"{path} is a data set that TensorFlow Datasets prepared",
            f"write into a spec: source: {{tfds: {{name: {tfds.parent.name}, data_dir: {tfds.parent.parent}}}}}; "
            "for one to begin with: cnncli init --template cifar10",
        )
    if place := _certain(path):
        return place
    if path.is_dir():
        return Place("folder", {"path": str(path)})
    around = path.parent if path.suffix.lower() in (".npy", ".bin") or idx.is_idx_name(path.name) else None
    if around is not None and (place := _certain(around)):
        return place._replace(notices=(f"{path} is one file of a data set; all of {around} is used",))
    raise not_a_table(path) or DataError(
        f"{path} is neither a folder of images nor a table of them",
        "the name of a table must end in .csv, .tsv, .txt, .json, .jsonl or .parquet, or in another ending that "
        "docs/data.md lists",
    )


def _prepared(path: Path) -> Path | None:
    """The folder of the version of a data set of TensorFlow Datasets, where a path is that or the folder around it."""
    inside = path.glob("*/features.json") if path.is_dir() else ()
    folders = [file.parent for file in (path / "features.json", *inside)]
    return next((each for each in folders if all((each / name).is_file() for name in _OF_TFDS)), None)


def _certain(path: Path) -> Place | None:
    """The source of files whose names or contents leave no doubt."""
    if holds_arrays(path):
        alike = list(path.parent.glob(f"*{path.suffix}")) if path.suffix.lower() in (".mat", ".h5", ".hdf5") else []
        others = f"to use the other files beside {path.name} as well: cnncli init {path.parent}"
        return Place("arrays", {"path": str(path)}, (others,) if len(alike) > 1 and path.is_file() else ())
    if path.is_dir() and idx.holds_idx(path):
        return Place("idx", {"path": str(path)})
    if path.is_dir() and cifar.holds_batches(path):
        return Place("cifar", {"path": str(path)})
    return Place("table", {"path": str(path)}) if is_table(path) else None


def within(path: Path, columns: Mapping[str, Any], depth: int = _DEEPEST) -> Place | None:
    """What is in a folder that is not itself a data set: its tables, its only file of arrays, or its only folder.

    Raises:
        DataError: It has several tables, each of which could be meant.
    """
    if split_tables(path) and _loads(path, columns):
        return Place("table", {"path": str(path)}, (f"the tables of {path} are its splits",))
    if (inner := tables_in_splits(path)) and _loads(path, columns):
        return Place("table", {"path": str(path)}, (f"{path} is read by the tables {inner[0].name} in its folders",))
    if found := table_in(path, columns):
        return found
    arrays = [file for file in sorted(path.iterdir()) if file.is_file() and holds_arrays(file)]
    if len(arrays) == 1:
        return Place("arrays", {"path": str(arrays[0])}, (f"{path} has no class folders; {arrays[0].name} is used",))
    contents = FolderInventory(path, {})
    folders = [path / name for name in contents.folders()]
    places = [place for each in folders if (place := _in_folder(each, columns, depth))]
    if len(places) != 1 or contents.loose_images():
        return None
    (place,) = places
    others = [each for each in folders if not str(place.arguments["path"]).startswith(str(each))]
    if any(FolderInventory(each, {}).images() for each in others):
        return None
    return place._replace(notices=(f"the images are in {place.arguments['path']}",))


def _in_folder(path: Path, columns: Mapping[str, Any], depth: int) -> Place | None:
    if place := _certain(path):
        return place
    try:
        folder.load(path, _ANY)
        return Place("folder", {"path": str(path)})
    except DataError:
        return within(path, columns, depth - 1) if depth else None


def _loads(path: Path, columns: Mapping[str, Any]) -> int:
    """How many images a table has labels for; 0 when it is none, or one of its images is not there."""
    return _labelled(path, columns) or max((_labelled(path, each) for each in _rooted(path, columns)), default=0)


def _labelled(path: Path, columns: Mapping[str, Any]) -> int:
    try:
        data = table.load(path, _ANY, **columns)
    except DataError:
        return 0
    return sum(map(len, data.splits.values())) if len(data.class_names) > 1 else 0


def table_in(path: Path, columns: Mapping[str, Any]) -> Place | None:
    """The table in a folder that has labels for the most images of it."""
    images = {file: _loads(file, columns) for file in sorted(path.iterdir()) if file.is_file() and is_table(file)}
    most = max(images.values(), default=0)
    alike = [file for file, count in images.items() if most and 2 * count > most]
    trained = [file for file in alike if not _SAMPLE.search(file.name)] or alike
    if len(trained) > 1:
        raise DataError(
            f"{path} has several tables of images: {some([file.name for file in trained])}",
            f"name one of them: cnncli init {in_shell(trained[0])}",
        )
    if not trained:
        return None
    return Place("table", {"path": str(trained[0])}, (f"{path} is read by its table {trained[0].name}",))


def in_folder(path: Path) -> Place | None:
    """What to read in place of a folder whose folders are no classes; None without."""
    try:
        data = folder.load(path, _ANY)
    except DataError:
        return within(path, {})
    return in_place_of_classes(path, data, {})


def in_place_of_classes(path: Path, data: ImageData[Any], columns: Mapping[str, Any]) -> Place | None:
    """The table in a folder to read in place of its class folders, which are no classes or not all; None without.

    Raises:
        DataError: The folders are no classes by their names, `images` and `masks`, and there is no table.
    """
    if _are_parts(data.class_names):
        return table_in(path, columns)
    if all(says_nothing(name) or name.lower() in _BESIDE_IMAGES for name in data.class_names):
        if found := table_in(path, columns):
            return found
        raise DataError(
            f"{path} has the folders {some(data.class_names)}, which are parts of a data set and not classes",
            "name the table with the labels, or the folder that has a folder for each class; if they are classes, "
            "rename them",
        )
    some_unlabelled = any(each.reason == "without-labels" for each in data.unused)
    if some_unlabelled and split_tables(path) and _loads(path, columns) > sum(map(len, data.splits.values())):
        return Place("table", {"path": str(path)}, (f"the tables of {path} are its splits",))
    return None


def tables_not_used(path: Path) -> list[str]:
    """Sentences about tables of images beside class folders, which may have other labels."""
    tables = [file for file in sorted(path.iterdir()) if file.is_file() and is_table(file) and _loads(file, {})]
    return [
        f"{file} has labels too and is not used: the folders are the classes; to use it: cnncli init {in_shell(file)}"
        for file in tables
    ]


def _are_parts(class_names: tuple[str, ...]) -> bool:
    """Whether folders differ in nothing but a number, as parts of one set do: `images_part_1`, `images_part_2`."""
    return len({_PART.sub("#", name) for name in class_names}) == 1 and not any(map(str.isdecimal, class_names))


def opened_table(place: Place, columns: Mapping[str, Any], notice: Notice) -> tuple[Place, ImageData[FileSamples]]:
    """A table with its images, with a `root` where these are beside its folder, and with `names` for numbers.

    Raises:
        DataError: As `table.load` does.
    """
    file = Path(place.arguments["path"])
    arguments: dict[str, Any] = {**place.arguments, **columns}
    told = list[str]()
    try:
        data = table.load(**arguments, input_format=_ANY, notice=told.append)
    except DataError:
        rooted = next((each for each in _rooted(file, columns) if _labelled(file, each)), None)
        if rooted is None:
            raise
        arguments["root"], told = rooted["root"], []
        data = table.load(**arguments, input_format=_ANY, notice=told.append)
    for line in told:
        notice(line)
    if names := _names_for(file, data.class_names):
        arguments["names"] = str(names)
        notice(f"the names of the classes are from {names}")
        data = table.load(**arguments, input_format=_ANY)
    tables = list(split_tables(file.parent).values()) if file.is_file() else []
    if file in tables and _loads(file.parent, columns) > sum(map(len, data.splits.values())):
        notice(f"{some([each.name for each in tables])} are splits; to use all: cnncli init {in_shell(file.parent)}")
    return Place("table", arguments), data


def _rooted(file: Path, columns: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments with a `root` where the images of a table may be, if they are not in its own folder.

    Those of `train.csv` may be in `train`, where `test` has images of the same names; and those of
    `annotations/list.csv` beside the folder of the table, in one such as `images`.
    """
    if "root" in columns or not file.is_file():
        return
    folders = [each for each in sorted(file.parent.iterdir()) if each.is_dir()]
    named = splits_named({file.name.partition(".")[0], *(each.name for each in folders)})
    own = named.get(file.name.partition(".")[0])
    yield from ({**columns, "root": str(each)} for each in folders if own and named.get(each.name) == own)
    root = os.path.normpath(file.parent / "..")
    if any(each.is_dir() and says_nothing(each.name) for each in Path(root).iterdir()):
        yield {**columns, "root": root}


def _names_for(path: Path, labels: tuple[str, ...]) -> Path | None:
    """The file beside a table that has names for these labels, all of which are numbers; None unless there is one."""
    numbers = {int(label) for label in labels if label.isdecimal() and len(label) < 10}
    if len(numbers) != len(labels):
        return None
    fitting = [file for file in _may_have_names(path) if _fits(file, numbers)]
    return fitting[0] if len(fitting) == 1 else None


def _may_have_names(path: Path) -> Iterator[Path]:
    for file in sorted((path if path.is_dir() else path.parent).iterdir()):
        kind = file.suffix.lower() in (".txt", ".json", ".csv", ".names")
        if kind and file != path and _NAMES.search(file.stem) and file.is_file() and file.stat().st_size < 1 << 20:
            yield file


def _fits(file: Path, numbers: set[int]) -> bool:
    keys = names_in(file).keys()
    return len(set(names_in(file).values())) == len(keys) and numbers in ({*keys}, {key + 1 for key in keys})
