"""Label Studio: JSON with tasks and annotations, JSON_MIN and CSV with a row for each annotation.

Source:
    Label Studio, "Export annotations", https://labelstud.io/guide/export
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place
from cnncli.data.sources.rows.names import GUESSES, simplified
from cnncli.data.sources.rows.text import is_image_name
from cnncli.wording import some

_OF_EACH_ROW = {"annotation_id", "annotator", "lead_time"}
_OWN = _OF_EACH_ROW | {"created_at", "id", "updated_at", "agreement"}


def recognises(place: Place) -> bool:
    """Whether it has Label Studio's own columns or keys."""
    if place.is_file(".json"):
        first = place.first
        return {"annotations", "data"} <= first.keys() or first.keys() >= _OF_EACH_ROW
    return set(place.header) >= _OF_EACH_ROW


def read(place: Place, answers: Answers) -> None:
    """Adds the tasks. Cancelled annotations, and predictions of a model, are not counted as answers."""
    if "data" in place.first:
        questions = {str(result.get("from_name")) for task in place.objects for result in _results(task)}
        question = place.question(questions)
        data = [task["data"] for task in place.objects]
        shown = _shown(
            [*dict.fromkeys(key for each in data for key, value in each.items() if _is_image(value))], answers
        )
        for number, task in enumerate(place.objects, 1):
            _add_task(task, f"task {task.get('id', number)}", answers, question, shown)
        return
    rows: list[Mapping[str, Any]] = [*place.objects] if place.objects else [*place.records]
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in _OWN]
    images = [key for key in columns if any(_is_image(row.get(key)) for row in rows)]
    shown = _shown(images, answers)
    others = {key for key in columns if key not in images and not key.startswith("_data_")}
    question = place.question(others if place.label in others else _questions(rows, others))
    if place.objects and any(row.get(question) and not row.get("annotation_id") for row in rows):
        answers.remarks.append(
            f"'{question}' is also a column that was imported; where an annotation is empty, JSON_MIN has the imported "
            "value in place of none: export JSON to be certain"
        )
    for number, row in enumerate(rows, 1):
        image = str(row.get(shown) or "")
        # Without an annotation, the value is a column that was imported
        labels, boxes = _choices(row.get(question)) if row.get("annotation_id") else ([], [])
        answers.add(image, labels, place=f"row {number}", record=row)
        answers.image(image).boxes.update(boxes)


def _questions(rows: Sequence[Mapping[str, Any]], columns: set[str]) -> set[str]:
    """The columns that may hold answers: those that were imported are there without an annotation as well."""
    imported = {key for row in rows if not row.get("annotation_id") for key in columns if row.get(key)}
    return columns - imported or columns


def _shown(columns: Sequence[str], answers: Answers) -> str:
    """The column of the image that was labelled; of several, such as of a preview, the one with the usual name."""
    usual = [name for name in columns if any(simplified(name) in group for group in GUESSES["image"])]
    shown = [*usual, *columns, ""][0]
    if len(columns) > 1:
        answers.remarks.append(f"{some(columns)} hold images; '{shown}' is used")
    return shown


def _is_image(value: Any) -> bool:
    return isinstance(value, str) and is_image_name(value.partition("&")[0])


def _choices(value: Any) -> tuple[list[str], list[str]]:
    """The labels in a cell, and those of boxes: a word, `{"choices": ["a", "b"]}` for several, a list of boxes."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return [value], []
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [], [name for each in value for name in _labels_of(each)]
    if isinstance(value, dict):
        value = value.get("choices", [])
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each is not None], []


def _labels_of(value: Mapping[str, Any]) -> list[str]:
    """The labels of a box or another shape."""
    lists = (names for key, names in value.items() if key.endswith("labels") and isinstance(names, list))
    return [str(name) for names in lists for name in names]


def _results(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The answers of all annotations that count."""
    for annotation in task.get("annotations") or []:
        results = [] if annotation.get("was_cancelled") else annotation.get("result") or []
        yield from (result for result in results if _words(result.get("value") or {}))


def _words(value: Mapping[str, Any]) -> list[str]:
    """What was chosen: words, the ends of branches in a taxonomy, or a number of stars."""
    branches = value.get("taxonomy") or []
    stars = [value["rating"]] if "rating" in value else []
    return [str(each) for each in (*(value.get("choices") or []), *(branch[-1] for branch in branches), *stars)]


def _add_task(task: Mapping[str, Any], where: str, answers: Answers, question: str, shown: str) -> None:
    values = {key: value for key, value in task["data"].items() if isinstance(value, str)}
    image = values.get(shown) or next(iter(values.values()), "")
    entry = answers.image(image, place=where, record=task["data"])
    for annotation in task.get("annotations") or []:
        if annotation.get("was_cancelled"):
            entry.skipped = True
            continue
        results = [(result.get("from_name"), result.get("value") or {}) for result in annotation.get("result") or []]
        given = [name for asked, value in results if str(asked) == question for name in _words(value)]
        entry.boxes.update(name for _, value in results for name in _labels_of(value))
        answers.add(image, given, truth=bool(annotation.get("ground_truth")))
