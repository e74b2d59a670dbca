"""Datumaro: its own format, a JSON file for each subset with the categories and the items.

Source:
    Datumaro, "Datumaro", https://openvinotoolkit.github.io/datumaro
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has items and categories."""
    return isinstance(place.json, dict) and place.json.keys() >= {"items", "categories"}


def read(place: Place, answers: Answers) -> None:
    """Adds the images; those of a subset lie in `images/SUBSET`."""
    labels = [str(each["name"]) for each in place.json["categories"]["label"]["labels"]]
    for item in place.json["items"]:
        image = f"{place.path.stem}/{(item.get('image') or {}).get('path') or item['id']}"
        entry = answers.image(image, place=f"item {item['id']}", record=item.get("attr"))
        given = []
        for each in item.get("annotations") or []:
            name = labels[each["label_id"]] if isinstance(each.get("label_id"), int) else ""
            if each.get("type") == "label":
                given.append(name)
            else:
                entry.boxes.add(name)
        answers.add(image, given)
