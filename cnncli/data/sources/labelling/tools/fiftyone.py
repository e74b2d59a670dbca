"""FiftyOne: `labels.json` with classes and labels by the stem of each file, or `samples.json` of a whole data set.

Source:
    FiftyOne, "Supported formats", https://docs.voxel51.com/user_guide/export_datasets.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has the keys `classes` and `labels`, or samples with `filepath`."""
    content = place.json
    return isinstance(content, dict) and (
        ("classes" in content and isinstance(content.get("labels"), dict)) or "filepath" in content["samples"][0]
    )


def read(place: Place, answers: Answers) -> None:
    """Adds the images; labels are numbers where there is a list of classes, and words otherwise."""
    if "samples" in place.json:
        _read_samples(place, answers)
        return
    classes = place.json["classes"] or []
    for image, value in place.json["labels"].items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        boxes = [each for each in values if isinstance(each, dict) and "bounding_box" in each]
        answers.add(image, [_name(each, classes) for each in values if each not in boxes], place=f"label of {image}")
        answers.image(image).boxes.update(_name(each, classes) for each in boxes)


def _name(value: Any, classes: list[Any]) -> str:
    value = value.get("label") if isinstance(value, dict) else value
    known = isinstance(value, int) and 0 <= value < len(classes)
    return str(classes[value] if known else value)


def _read_samples(place: Place, answers: Answers) -> None:
    """Adds the samples; tags may be their splits, and of several fields `label_column` names one."""
    samples = place.json["samples"]
    fields = {key for sample in samples for key, value in sample.items() if _kind(value) == "Classification"}
    field = place.question(fields, "fields")
    splits = splits_named({tag for sample in samples for tag in sample.get("tags") or []})
    for number, sample in enumerate(samples, 1):
        split = next((splits[tag] for tag in sample.get("tags") or [] if tag in splits), "")
        entry = answers.image(sample["filepath"], split, f"sample {number}", sample)
        answers.add(sample["filepath"], [sample[field]["label"]] if _kind(sample.get(field)) else [], split)
        entry.boxes.update(label for value in sample.values() for label in _boxes(value))


def _kind(value: Any) -> str:
    return str(value.get("_cls", "")) if isinstance(value, Mapping) else ""


def _boxes(value: Any) -> Iterator[str]:
    if _kind(value) == "Detections":
        yield from (str(each.get("label", "")) for each in value.get("detections") or [])
