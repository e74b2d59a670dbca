"""Amazon SageMaker: manifests of Ground Truth, a JSON object in each line, and `.lst` files of its classifier.

Source:
    Amazon, "Output data of a labeling job" and "Image classification: input", https://docs.aws.amazon.com/sagemaker
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place, json_object
from cnncli.data.sources.rows.text import is_image_name
from cnncli.errors import DataError

_METADATA = "-metadata"


def recognises(place: Place) -> bool:
    """Whether each line has `source-ref` and metadata of a job; or a number, a class and the path of an image."""
    if place.is_file(".manifest", ".jsonl", ".json"):
        first = json_object(place.text.partition("\n")[0])
        return "source-ref" in first and any(key.endswith(_METADATA) for key in first)
    return place.is_file(".lst") and len(place.header) == 3 and is_image_name(place.header[2])


def read(place: Place, answers: Answers) -> None:
    """Adds the images; of several jobs in a manifest, `label_column` names one, and the last one counts otherwise."""
    if place.is_file(".lst"):
        for number, cells in enumerate(place.cells, 1):
            answers.add(cells[2], [_whole(cells[1])], place=f"line {number}")
        return
    for number, line in enumerate(place.text.split("\n"), 1):
        row = json_object(line)
        if not row:
            if line.strip():
                raise DataError(f"{place.path}:{number} is not a JSON object", "export the manifest again")
            continue
        jobs = [key.removesuffix(_METADATA) for key in row if key.endswith(_METADATA)]
        job = place.label if place.label in jobs else jobs[-1] if jobs else ""
        about: Mapping[str, Any] = row.get(f"{job}{_METADATA}") or {}
        several = about.get("class-map")
        given = [*several.values()] if isinstance(several, dict) else [about.get("class-name", row.get(job, ""))]
        answers.add(str(row.get("source-ref", "")), map(str, given), place=f"line {number}")


def _whole(number: str) -> str:
    return number.removesuffix(".000000").removesuffix(".0")
