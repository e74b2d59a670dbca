"""Exports of labelling tools: one module of `tools` or `data_sets` for each, which recognises and reads it.

Each is recognised by what is in it, never by its name alone: `recognises(place)`, then `read(place, answers)`. In a
folder, an export may be a file, one for each split, or one for each image.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place, annotation_files
from cnncli.data.sources.rows import Listing
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.errors import DataError
from cnncli.wording import some


class Export(NamedTuple):
    """What a module reads.

    Args:
        what: Its name in messages.
        joined: Whether several files in a folder that are no splits belong together, such as one for each image.
        room: The package of the module: `data_sets` if data sets are published so.
    """

    what: str
    joined: bool = False
    room: str = "tools"


EXPORTS = {
    "label_studio": Export("a Label Studio export"),
    "coco": Export("a COCO data set", joined=True),
    "cvat": Export("a CVAT file"),
    "datumaro": Export("a Datumaro data set"),
    "voc": Export("a Pascal VOC data set", room="data_sets"),
    "voc_xml": Export("Pascal VOC's XML files", joined=True),
    "roboflow": Export("a Roboflow export"),
    "fiftyone": Export("a FiftyOne data set"),
    "imagenet_lists": Export("lists of images beside synsets.txt", room="data_sets"),
    "sagemaker": Export("a SageMaker manifest"),
    "via": Export("an export of VGG Image Annotator"),
    "makesense": Export("a MakeSense export"),
    "vertex": Export("a Vertex AI import file"),
    "azure": Export("a list of images of Azure Custom Vision"),
    "open_images": Export("labels of Open Images", joined=True, room="data_sets"),
    "labelme": Export("Labelme's JSON files", joined=True),
    "darwin": Export("V7 Darwin's JSON files", joined=True),
    "supervisely": Export("a Supervisely project", joined=True),
    "labelbox": Export("a Labelbox export"),
    "encord": Export("an Encord export"),
    "prodigy": Export("a Prodigy data set"),
    "doccano": Export("a doccano export"),
    "edge_impulse": Export("an Edge Impulse data set", joined=True),
    "yolo": Export("a YOLO data set"),
    "kili": Export("a Kili export"),
    "segments": Export("a release of Segments.ai"),
    "split_lists": Export("class folders with lists of splits", room="data_sets"),
    "tiny_imagenet": Export("Tiny ImageNet", room="data_sets"),
    "oxford_pets": Export("the Oxford-IIIT Pets", room="data_sets"),
}
"""What each module reads."""

_TRIED = 50
"""Files of a folder that are looked at to tell whether they are an export."""

_OTHER_CONTENTS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a reader raises on text where an object should be, and the like; it need not look at everything first."""


def recognised(path: Path) -> str | None:
    """The module that reads a file or folder, a key of `EXPORTS`; None when it is no export."""
    return _found(path, None)[0]


def _found(path: Path, label: str | None) -> tuple[str | None, list[Path]]:
    """The module that reads a file or folder, and what to read: itself, or files in it."""
    if name := _module_of(Place(path, label)):
        return name, [path]
    files = annotation_files(path) if path.is_dir() else []
    name, first = next(
        ((name, file) for file in files[:_TRIED] if (name := _module_of(Place(file, label)))), (None, path)
    )
    if name is None:
        return None, []
    alike = [file for file in files if file.suffix.lower() == first.suffix.lower()]
    many = EXPORTS[name].joined and len(alike) > _TRIED  # one for each image: they are looked at when they are read
    return name, [file for file in alike if many or _recognises(name, Place(file, label))]


def _module_of(place: Place) -> str | None:
    return next((name for name in EXPORTS if _recognises(name, place)), None)


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{EXPORTS[name].room}.{name}")


def _recognises(name: str, place: Place) -> bool:
    try:
        return bool(_module(name).recognises(place))
    except _OTHER_CONTENTS:
        return False


def read_export(arguments: TableArguments) -> Listing | None:
    """The rows of an export; None when the file or folder is none.

    A notice says which tool's export it is, and how its labels were made one.

    Raises:
        DataError: It has no image with one label.
    """
    path, notice = arguments.file, arguments.notice
    name, files = _found(path, arguments.label_column)
    if name is None:
        return None
    what, splits = EXPORTS[name].what, _splits(path, name, files)
    answers = Answers(arguments.folder, arguments.group_column)
    for file in files:
        place = Place(file, arguments.label_column)
        if not _recognises(name, place):
            continue
        answers.enter(file, splits.get(file, "train"), len(files) > 1)
        try:
            _module(name).read(place, answers)
        except _OTHER_CONTENTS as error:
            raise DataError(
                f"{file} looks like {what}, but its contents are not of that form: {error}",
                "export it again, or name the columns of a table of yours",
            ) from error
    notice(f"{path} is read as {what}")
    if not answers.any:
        raise DataError(f"{path} is {what} without images", "export it again, with its annotations")
    return answers.listing(path, notice)


def _splits(path: Path, name: str, files: Sequence[Path]) -> dict[Path, str]:
    """The splits of several files, by the folders around them or by their own names.

    Raises:
        DataError: Neither says so, and they are not parts of one data set.
    """
    if len(files) == 1:
        return {}
    around = {file: file.relative_to(path).parts[:-1] for file in files}
    of_folders = splits_named({folder for folders in around.values() for folder in folders})
    splits = {file: of_folders[each] for file, folders in around.items() for each in folders if each in of_folders}
    of_names = splits_named({file.stem for file in files})
    if not splits and all(file.stem in of_names for file in files) and "train" in of_names.values():
        splits = {file: of_names[file.stem] for file in files}
    if not splits and not EXPORTS[name].joined:
        names = some([file.name for file in files])
        raise DataError(f"{path} has several files, each of them {EXPORTS[name].what}: {names}", "name one of them")
    return splits
