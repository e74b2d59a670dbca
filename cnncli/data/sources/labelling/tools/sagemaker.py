"""Amazon SageMaker: manifests of Ground Truth and Rekognition, JSON in each line, and `.lst` files of its classifier.

Source:
    Amazon, "Output data of a labeling job" and "Image classification: input", https://docs.aws.amazon.com/sagemaker
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place
from cnncli.data.sources.rows.text import is_image_name

_METADATA = "-metadata"


def recognises(place: Place) -> bool:
    """Whether each line has `source-ref` and metadata of a job; or a number, a class and the path of an image."""
    if place.is_file(".lst"):
        return len(place.header) == 3 and is_image_name(place.header[2])
    return "source-ref" in place.first and any(key.endswith(_METADATA) for key in place.first)


def read(place: Place, answers: Answers) -> None:
    """Adds the images; of several jobs in a manifest, `label_column` names one, and the last one counts otherwise.

    Rekognition has a job for each label of an image, `pets_cat`, which all count.
    """
    for number, cells in enumerate(place.cells, 1):
        answers.add(cells[2], [_whole(cells[1])], place=f"line {number}")
    for where, row in place.lines:
        jobs = [key.removesuffix(_METADATA) for key in row if key.endswith(_METADATA)]
        job = place.label if place.label in jobs else jobs[-1] if jobs else ""
        about: Mapping[str, Any] = row.get(f"{job}{_METADATA}") or {}
        classes = about.get("class-map")
        given = [*map(str, classes.values())] if isinstance(classes, dict) else [_one(about, row.get(job, ""))]
        named = {each: _one(row[f"{each}{_METADATA}"] or {}, "") for each in jobs}
        if place.label is None and all(word and each.endswith(f"_{word}") for each, word in named.items()):
            given = [*named.values()]
        if isinstance(row.get(job), dict):  # boxes, or whatever else is drawn
            answers.image(row["source-ref"], place=where, record=row).boxes.update(given)
        else:
            answers.add(row["source-ref"], given, place=where, record=row)


def _one(about: Mapping[str, Any], value: Any) -> str:
    return str(about.get("class-name", "" if isinstance(value, dict) else value))


def _whole(number: str) -> str:
    return number.removesuffix(".000000").removesuffix(".0")
