"""Labelbox: JSON lines with a data row, and its labels by project.

Source:
    Labelbox, "Image annotations: export", https://docs.labelbox.com/reference/export-image-annotations
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_ANSWERS = ("radio_answer", "checklist_answers")


def recognises(place: Place) -> bool:
    """Whether each line has a data row and projects."""
    return {"data_row", "projects"} <= place.first.keys()


def read(place: Place, answers: Answers) -> None:
    """Adds the data rows, by the names that their files had; of several questions, `label_column` names one."""
    question = place.question({name for _, row in place.lines for each in _labels(row) for name, _ in _answers(each)})
    for where, row in place.lines:
        about = row["data_row"]
        image = about.get("external_id") or about.get("global_key") or about["row_data"]
        entry = answers.image(image, place=where, record=about)
        for label in _labels(row):
            given = [word for name, words in _answers(label) if name == question for word in words]
            benchmark = (label.get("label_details") or {}).get("is_benchmark_reference")
            entry.skipped |= bool((label.get("performance_details") or {}).get("skipped"))
            entry.boxes.update(str(each.get("name", "")) for each in label["annotations"].get("objects") or [])
            answers.add(image, given, truth=bool(benchmark))


def _labels(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for project in row["projects"].values():
        yield from project.get("labels") or []


def _answers(label: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The questions that have choices, each with the names that were chosen."""
    for each in label["annotations"].get("classifications") or []:
        for key in _ANSWERS:
            chosen = each.get(key) or []
            if chosen:
                listed = chosen if isinstance(chosen, list) else [chosen]
                yield str(each["name"]), [str(one["name"]) for one in listed]
