"""Kili: a JSON list of assets with the labels of each annotator, as its interface exports them.

Source:
    Kili, "Classification data", https://docs.kili-technology.com/docs/raw-format
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_OF_PEOPLE, _TRUSTED = {"DEFAULT", "REVIEW", "AUTOSAVE"}, {"REVIEW"}


def recognises(place: Place) -> bool:
    """Whether each object has labels and the name of the asset."""
    return {"externalId", "labels"} <= place.first.keys()


def read(place: Place, answers: Answers) -> None:
    """Adds the assets; what a reviewer says comes first, and of several jobs `label_column` names one."""
    job = place.question({name for asset in place.objects for label in _labels(asset) for name, _ in _jobs(label)})
    for asset in place.objects:
        image = str(asset["externalId"])
        entry = answers.image(image, place=f"asset {image}", record=asset.get("jsonMetadata") or {})
        entry.skipped = asset.get("status") == "SKIPPED" or bool(asset.get("skipped"))
        for label in _labels(asset):
            given = [word for name, words in _jobs(label) if name == job for word in words]
            answers.add(image, given, truth=label.get("labelType") in _TRUSTED)
            entry.boxes.update(word for words in _drawn(label) for word in words)


def _labels(asset: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The last labels of people, and not those of models."""
    latest = [each for each in asset["labels"] or [] if each.get("isLatestLabelForUser", True)]
    return [each for each in latest if each.get("labelType", "DEFAULT") in _OF_PEOPLE]


def _jobs(label: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for name, response in (label.get("jsonResponse") or {}).items():
        if isinstance(response, dict) and response.get("categories"):
            yield name, [str(each["name"]) for each in response["categories"]]


def _drawn(label: Mapping[str, Any]) -> Iterator[list[str]]:
    for response in (label.get("jsonResponse") or {}).values():
        for each in (response.get("annotations") or []) if isinstance(response, dict) else []:
            yield [str(one["name"]) for one in each.get("categories") or []]
