"""Segments.ai: the JSON file of a release, with samples, attributes of images, and objects.

Source:
    Segments.ai, "Label types", https://docs.segments.ai/reference/label-types
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has a data set with samples, and the categories of its task."""
    return isinstance(place.json, dict) and place.json["dataset"].keys() >= {"samples", "task_attributes"}


def read(place: Place, answers: Answers) -> None:
    """Adds the samples: labels are an attribute of images; of several, and of several label sets, the first is used.

    `label_column` names another attribute.
    """
    content = place.json["dataset"]
    names = {each["id"]: str(each["name"]) for each in content["task_attributes"].get("categories") or []}
    said = {sample["name"]: _attributes(sample) for sample in content["samples"]}
    asked = {
        name
        for each in said.values()
        for name, value in (each.get("image_attributes") or {}).items()
        if value is not None
    }
    attribute = place.question(asked, "attributes of images")
    for sample in content["samples"]:
        image, attributes = sample["name"], said[sample["name"]]
        value = (attributes.get("image_attributes") or {}).get(attribute)
        answers.add(
            image, [] if value is None else [str(value)], place=f"sample {image}", record=sample.get("metadata")
        )
        objects = attributes.get("annotations") or []
        answers.image(image).boxes.update(names.get(each["category_id"], str(each["category_id"])) for each in objects)


def _attributes(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the first label set that is not a model's says of a sample."""
    label: Mapping[str, Any] = next(filter(None, (sample.get("labels") or {}).values()), {})
    return label.get("attributes") or {} if label.get("label_status") not in ("PRELABELED", "REJECTED") else {}
