"""Open Images: CSV of labels that people verified or of boxes, and the names of the labels beside it.

Source:
    A. Kuznetsova et al., "The Open Images Dataset V4", 2020; https://storage.googleapis.com/openimages/web/download.html
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_COLUMNS = ["ImageID", "Source", "LabelName", "Confidence"]


def recognises(place: Place) -> bool:
    """Whether it has the four columns."""
    return place.header[:4] == _COLUMNS


def read(place: Place, answers: Answers) -> None:
    """Adds the labels with a confidence of 1; those of 0 were verified not to be there."""
    names = dict[str, str]()
    for file in sorted(place.path.parent.glob("*class-descriptions*.csv")):
        names |= {row[0]: row[1] for row in Place(file).cells if len(row) == 2}
    labels: dict[str, list[str]] = {}
    for row in place.records:
        name = names.get(row["LabelName"], row["LabelName"])
        if "XMin" in row:
            answers.image(row["ImageID"]).boxes.add(name)
            continue
        given = labels.setdefault(row["ImageID"], [])
        if row.get("Confidence") in ("1", "1.0"):
            given.append(name)
    for image, given in labels.items():
        answers.add(image, given)
