"""Azure Custom Vision: the JSON of its REST interface, images by their ids with tags."""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether each object has an `id` and a link to the image."""
    return {"id", "tags"} <= place.first.keys() and any(key.lower().endswith("imageuri") for key in place.first)


def read(place: Place, answers: Answers) -> None:
    """Adds the images by their ids, which are the names to save them under; regions count as boxes."""
    for row in place.objects:
        name = str(row["id"])
        answers.add(name, [str(tag.get("tagName", "")) for tag in row["tags"] or []])
        answers.image(name).boxes.update(str(each.get("tagName", "")) for each in row.get("regions") or [])
