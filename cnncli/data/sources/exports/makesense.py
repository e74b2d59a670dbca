"""MakeSense: CSV without a header, the labels of each image in brackets; or a JSON list of images with annotations."""

from __future__ import annotations

from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place
from cnncli.data.sources.rows.text import is_image_name


def recognises(place: Place) -> bool:
    """Whether every row is an image and brackets; or each object has `image` and `annotations`."""
    if place.is_file(".json"):
        return bool(place.objects) and {"image", "annotations"} <= place.objects[0].keys()
    first = place.head
    return bool(first) and all(len(row) == 2 and is_image_name(row[0]) and _in_brackets(row[1]) for row in first)


def read(place: Place, answers: Answers) -> None:
    """Adds the images; a label with a comma in its name cannot be told from two."""
    for number, cells in enumerate(place.cells, 1):
        answers.add(cells[0], cells[1].strip("[]").split(",") if len(cells) == 2 else [], place=f"line {number}")
    for each in place.objects:
        annotations = each["annotations"] or []
        given = [str(one.get("label", "")) for one in annotations]
        if any(one.get("coordinates") for one in annotations):
            answers.image(str(each["image"])).boxes.update(given)
        else:
            answers.add(str(each["image"]), given)


def _in_brackets(cell: str) -> bool:
    return cell.startswith("[") and cell.endswith("]")
