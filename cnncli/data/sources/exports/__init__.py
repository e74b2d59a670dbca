"""Exports of labelling tools: one module for each, with a function that recognises it and one that reads it.

Each is recognised by what is in it, never by its name alone: `recognises(place)`, then `read(place, answers)`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place
from cnncli.data.sources.rows import Listing
from cnncli.errors import DataError
from cnncli.observer import Notice

EXPORTS = {
    "label_studio": "a Label Studio export",
    "coco": "a COCO file",
    "cvat": "a CVAT file",
    "voc": "a Pascal VOC data set",
    "voc_xml": "a folder of Pascal VOC's XML files",
    "roboflow": "a Roboflow export",
    "fiftyone": "a FiftyOne data set",
    "imagenet_lists": "lists of images beside synsets.txt",
    "sagemaker": "a SageMaker manifest",
    "via": "an export of VGG Image Annotator",
    "makesense": "a MakeSense export",
    "vertex": "a Vertex AI import file",
    "azure": "a list of images of Azure Custom Vision",
    "open_images": "labels of Open Images",
}
"""What each module reads."""

_OTHER_CONTENTS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a reader raises on text where an object should be, and the like; it need not look at everything first."""


def recognised(path: Path) -> str | None:
    """The module that reads a file or folder, a key of `EXPORTS`; None when it is no export."""
    place = Place(path)
    return next((name for name in EXPORTS if _recognises(name, place)), None)


def _recognises(name: str, place: Place) -> bool:
    try:
        return bool(import_module(f"{__name__}.{name}").recognises(place))
    except _OTHER_CONTENTS:
        return False


def read_export(path: Path, label: str | None, notice: Notice) -> Listing | None:
    """The rows of an export; None when the file or folder is none.

    Args:
        path: A file or folder.
        label: The question that was asked of the annotators, where there are several.
        notice: Receives a line that says which tool's export it is, and how its labels were made one.

    Raises:
        DataError: It has no image with one label.
    """
    name = recognised(path)
    if name is None:
        return None
    answers = Answers(f"{path}")
    try:
        import_module(f"{__name__}.{name}").read(Place(path, label), answers)
    except _OTHER_CONTENTS as error:
        raise DataError(
            f"{path} looks like {EXPORTS[name]}, but its contents are not of that form: {error}",
            "export it again, or name the columns of a table of yours",
        ) from error
    notice(f"{path} is read as {EXPORTS[name]}")
    if not answers.any:
        raise DataError(f"{path} is {EXPORTS[name]} without images", "export it again, with its annotations")
    return answers.listing(path, notice)
