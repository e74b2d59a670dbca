"""FiftyOne's image classification data sets: `labels.json` with classes and labels by the stem of each file in `data/`.

Source:
    FiftyOne, "FiftyOneImageClassificationDataset", https://docs.voxel51.com
"""

from __future__ import annotations

from typing import Any

from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place


def recognises(place: Place) -> bool:
    """Whether it is such a file, or a folder with it, with the keys `classes` and `labels`."""
    content = _content(place)
    return isinstance(content, dict) and "classes" in content and isinstance(content.get("labels"), dict)


def read(place: Place, answers: Answers) -> None:
    """Adds the images; labels are numbers where there is a list of classes, and words otherwise."""
    content = _content(place)
    classes = content["classes"] or []
    for image, value in content["labels"].items():
        answers.add(image, [_name(each, classes) for each in _labels(value)], place=f"label of {image}")


def _content(place: Place) -> Any:
    return Place(place.path / "labels.json").json if place.path.is_dir() else place.json


def _labels(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.get("label")
    return value if isinstance(value, list) else [] if value is None else [value]


def _name(value: Any, classes: list[Any]) -> str:
    known = isinstance(value, int) and 0 <= value < len(classes)
    return str(classes[value] if known else value)
