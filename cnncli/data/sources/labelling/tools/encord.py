"""Encord: a JSON list of label rows; the answers to classifications stand apart, by their hashes.

Source:
    Encord, "Export labels", https://docs.encord.com
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether each object has data units and answers to classifications."""
    return {"data_units", "classification_answers"} <= place.first.keys()


def read(place: Place, answers: Answers) -> None:
    """Adds the data units; of several questions, `label_column` names one."""
    question = place.question({name for row in place.objects for unit in _units(row) for name, _ in _given(row, unit)})
    for row in place.objects:
        for unit in _units(row):
            image = unit["data_title"]
            given = [word for name, words in _given(row, unit) if name == question for word in words]
            answers.add(image, given, place=f"label row {row.get('label_hash', '')}", record=row)
            objects = unit["labels"].get("objects") or []
            answers.image(image).boxes.update(str(each.get("name", "")) for each in objects)


def _units(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*row["data_units"].values()]


def _given(row: Mapping[str, Any], unit: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The questions that one of a list of words answers, each with the words."""
    for each in unit["labels"].get("classifications") or []:
        for one in row["classification_answers"][each["classificationHash"]]["classifications"]:
            if isinstance(one["answers"], list):
                yield str(one["name"]), [str(word["name"]) for word in one["answers"]]
