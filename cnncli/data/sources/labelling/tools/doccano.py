"""doccano: JSON lines with the file of each image and a list of its labels.

Source:
    doccano, "Export data", https://doccano.github.io/doccano
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place
from cnncli.data.sources.rows.text import is_image_name


def recognises(place: Place) -> bool:
    """Whether each line has an id, a list of labels, and an image."""
    return "id" in place.first and isinstance(_labels(place.first), list) and is_image_name(_image(place.first))


def read(place: Place, answers: Answers) -> None:
    """Adds the images; each annotator has a line where the export is not of all together."""
    for where, row in place.lines:
        answers.add(_image(row), [str(each) for each in _labels(row) or []], place=where, record=row)


def _labels(row: dict[str, object]) -> list[object] | None:
    labels = row.get("label", row.get("labels"))
    return labels if isinstance(labels, list) else None


def _image(row: dict[str, object]) -> str:
    return str(next((row[key] for key in ("filename", "image", "data", "text") if key in row), ""))
