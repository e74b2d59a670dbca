"""Prodigy: JSON lines with tasks and their answers: choices, or a label to accept or to reject.

Source:
    Explosion, "Annotation interfaces", https://prodi.gy/docs/api-interfaces
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether each line has an image, an answer and Prodigy's hash."""
    return {"image", "answer", "_task_hash"} <= place.first.keys()


def read(place: Place, answers: Answers) -> None:
    """Adds the tasks; where the image itself is in `image`, its path is in `path` or `meta`."""
    for where, row in place.lines:
        about = row.get("meta") or {}
        names = (row["image"], row.get("path"), about.get("file"))
        image = next((str(name) for name in names if name and not str(name).startswith("data:")), where)
        entry = answers.image(image, place=where, record={**about, **row})
        if row["answer"] == "accept":
            entry.boxes.update(str(each.get("label", "")) for each in row.get("spans") or [])
            answers.add(image, [str(each) for each in row.get("accept", [row.get("label", "")])])
        entry.skipped |= row["answer"] == "ignore"
