"""Supervisely: a folder for each data set with `img` and `ann`, in it a JSON file for each image.

Source:
    Supervisely, "Supervisely annotation format", https://docs.supervisely.com
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has tags, objects and the size of an image, and the name of the image with `.json`."""
    return isinstance(place.json, dict) and place.json.keys() >= {"size", "tags", "objects"} and "." in place.path.stem


def read(place: Place, answers: Answers) -> None:
    """Adds the image; the label is the value of a tag, or its name where it has none. `label_column` names a tag."""
    image = f"../img/{place.path.stem}"
    tags = [tag for tag in place.json["tags"] if place.label in (None, tag["name"])]
    answers.add(image, [str(tag["name"] if tag.get("value") is None else tag["value"]) for tag in tags])
    answers.image(image).boxes.update(str(each.get("classTitle", "")) for each in place.json["objects"])
