"""Label Studio: JSON with tasks and annotations, JSON_MIN and CSV with a row for each annotation.

Source:
    Label Studio, "Export annotations", https://labelstud.io/guide/export
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place
from cnncli.data.sources.rows.text import is_image_name
from cnncli.errors import DataError
from cnncli.wording import some

_OF_EACH_ROW = {"annotation_id", "annotator", "lead_time"}
_OWN = _OF_EACH_ROW | {"created_at", "id", "updated_at", "agreement"}


def recognises(place: Place) -> bool:
    """Whether it has Label Studio's own columns or keys."""
    if place.is_file(".json"):
        first = place.objects[0] if place.objects else {}
        return {"annotations", "data"} <= first.keys() or first.keys() >= _OF_EACH_ROW
    return set(place.header) >= _OF_EACH_ROW


def read(place: Place, answers: Answers) -> None:
    """Adds the tasks. Cancelled annotations, and predictions of a model, are not counted as answers."""
    if place.objects and "data" in place.objects[0]:
        questions = set[str]()
        for number, task in enumerate(place.objects, 1):
            _add_task(task, f"task {task.get('id', number)}", answers, questions, place.label)
        if len(questions) > 1:
            raise _unclear(place, questions)
        return
    rows: list[Mapping[str, Any]] = [*place.objects] if place.objects else [*place.records]
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in _OWN]
    images = [key for key in columns if any(_is_image(row.get(key)) for row in rows)]
    questions = {key for key in columns if key not in images and not key.startswith("_data_")}
    question = place.label or (next(iter(questions)) if len(questions) == 1 else "choice")
    if question not in questions:
        raise _unclear(place, questions)
    for number, row in enumerate(rows, 1):
        image = next((row[key] for key in images if row.get(key)), "")
        # Without an annotation, the value is a column that was imported
        given = _choices(row.get(question)) if row.get("annotation_id") else []
        answers.add(str(image), given, place=f"row {number}")


def _unclear(place: Place, questions: Iterable[str]) -> DataError:
    return DataError(
        f"{place.path} has answers to several questions: {some(sorted(questions))}",
        "name one in data.source.table.label_column",
    )


def _is_image(value: Any) -> bool:
    return isinstance(value, str) and is_image_name(value.partition("&")[0])


def _choices(value: Any) -> list[str]:
    """The labels in a cell: a word, or `{"choices": ["a", "b"]}` for several."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    if isinstance(value, dict):
        value = value.get("choices", [])
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value is not None else []


def _add_task(task: Mapping[str, Any], where: str, answers: Answers, questions: set[str], label: str | None) -> None:
    values = [value for value in task["data"].values() if isinstance(value, str)]
    image = next((value for value in values if _is_image(value)), values[0] if values else "")
    entry = answers.image(image, place=where)
    for annotation in task.get("annotations") or []:
        if annotation.get("was_cancelled"):
            entry.skipped = True
            continue
        given = []
        for result in annotation.get("result") or []:
            value = result.get("value") or {}
            if "choices" in value and label in (None, result.get("from_name")):
                given += value["choices"]
                questions.add(str(result.get("from_name")))
            for key, names in value.items():
                if key.endswith("labels") and isinstance(names, list):
                    entry.boxes.update(map(str, names))
        answers.add(image, given, truth=bool(annotation.get("ground_truth")))
