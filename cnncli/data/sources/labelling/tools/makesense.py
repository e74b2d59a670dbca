"""MakeSense: CSV without a header, with labels in brackets or with boxes; or a JSON list of images with annotations.

Apple's Create ML has such lists too.
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place
from cnncli.data.sources.rows.text import is_image_name


def recognises(place: Place) -> bool:
    """Whether every row is an image and brackets, or a box and its image; or each object has image and annotations."""
    if place.is_file(".json"):
        return {"image", "annotations"} <= place.first.keys()
    return bool(place.head) and (all(map(_has_labels, place.head)) or all(map(_has_box, place.head)))


def read(place: Place, answers: Answers) -> None:
    """Adds the images; a label with a comma in its name cannot be told from two."""
    for number, cells in enumerate(place.cells, 1):
        if _has_labels(cells):
            answers.add(cells[0], cells[1].strip("[]").split(","), place=f"line {number}")
        else:
            answers.image(cells[5], place=f"line {number}").boxes.add(cells[0])
    for each in place.objects:
        annotations = each["annotations"] or []
        given = [str(one.get("label", "")) for one in annotations]
        if any(one.get("coordinates") for one in annotations):
            answers.image(each["image"]).boxes.update(given)
        else:
            answers.add(each["image"], given)


def _has_labels(cells: list[str]) -> bool:
    return len(cells) == 2 and is_image_name(cells[0]) and cells[1].startswith("[") and cells[1].endswith("]")


def _has_box(cells: list[str]) -> bool:
    """Whether a row has a label, four numbers of a box, an image, and two numbers of its size."""
    numbers = [*cells[1:5], *cells[6:]]
    return len(cells) == 8 and is_image_name(cells[5]) and all(each.lstrip("-").isdecimal() for each in numbers)
