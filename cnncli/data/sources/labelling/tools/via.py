"""VGG Image Annotator 2: CSV and JSON with attributes of files and of regions.

Source:
    A. Dutta and A. Zisserman, "The VIA Annotation Software for Images, Audio and Video", 2019
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_COLUMNS = {"file_attributes", "region_count", "region_attributes"}


def recognises(place: Place) -> bool:
    """Whether it has VIA's own columns or keys."""
    return set(place.header) >= _COLUMNS or bool(_images(place.json))


def read(place: Place, answers: Answers) -> None:
    """Adds the attributes of files as labels, and those of regions as labels of boxes."""
    rows = [*_of_csv(place)] if place.header else [*_of_json(place)]
    attributes = {name for _, of_file, _ in rows for name, value in of_file.items() if _labels(value)}
    attribute = place.question(attributes, "attributes of files")
    for name, of_file, of_regions in rows:
        given = _labels(of_file.get(attribute))
        answers.image(name, record=of_file).boxes.update(
            label for region in of_regions for value in region.values() for label in _labels(value)
        )
        if given and frozenset(given) not in answers.image(name).answers:  # one row for each region
            answers.add(name, given)


def _images(content: Any) -> dict[str, Any]:
    """The images of a JSON file, which may be a whole project; empty when it is none of VIA."""
    images = content.get("_via_img_metadata", content) if isinstance(content, dict) else {}
    first = next(iter(images.values()), None) if isinstance(images, dict) else None
    return images if isinstance(first, dict) and {"filename", "regions"} <= first.keys() else {}


def _of_csv(place: Place) -> Iterator[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]]:
    for row in place.records:
        of_file, region = (_object(row.get(key, "")) for key in ("file_attributes", "region_attributes"))
        yield row.get("filename") or row.get("#filename", ""), of_file, [region]


def _of_json(place: Place) -> Iterator[tuple[str, Mapping[str, Any], list[Mapping[str, Any]]]]:
    for image in _images(place.json).values():
        regions = image.get("regions") or []
        listed = [*regions.values()] if isinstance(regions, dict) else regions
        yield (
            image["filename"],
            image.get("file_attributes") or {},
            [each.get("region_attributes") or {} for each in listed],
        )


def _object(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _labels(value: Any) -> list[str]:
    """A word, or the boxes that are ticked: `{"cat": true}`."""
    if isinstance(value, dict):
        return [name for name, ticked in value.items() if ticked]
    return [str(value)] if value not in (None, "") else []
