"""Roboflow: `_classes.csv` with a column of 0 and 1 for each class, `_annotations.csv` with boxes; one for each split.

Boxes are columns of TensorFlow's object detection, or those of RetinaNet without a header.

Source:
    Roboflow, "Export data", https://docs.roboflow.com
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place
from cnncli.data.sources.rows.text import is_image_name

_NAME = "_classes.csv"
_BOXES = {"filename", "class", "xmin", "ymin", "xmax", "ymax"}
"""Columns of a table of boxes."""


def recognises(place: Place) -> bool:
    """Whether it is a file `_classes.csv` with the column `filename`, or one of boxes."""
    return (place.path.name == _NAME and place.header[:1] == ["filename"]) or (
        set(place.header) >= _BOXES or (bool(place.head) and all(map(_has_box, place.head)))
    )


def read(place: Place, answers: Answers) -> None:
    """Adds the images."""
    if _has_box(place.header):
        for number, cells in enumerate(place.cells, 1):
            answers.image(cells[0], place=f"line {number}").boxes.add(cells[5])
        return
    for number, row in enumerate(place.records, 2):
        image, where = row.get("filename", ""), f"line {number}"
        if "xmin" in row:
            answers.image(image, place=where).boxes.add(row.get("class", ""))
        else:
            answers.add(image, [name for name in place.header[1:] if row.get(name) in ("1", "1.0")], place=where)


def _has_box(cells: list[str]) -> bool:
    """Whether a row has an image, the four corners of a box, and a label."""
    return len(cells) == 6 and is_image_name(cells[0]) and all(each.isdecimal() for each in cells[1:5])
