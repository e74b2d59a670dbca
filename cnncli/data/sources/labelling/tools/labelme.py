"""Labelme: a JSON file for each image, with flags of the image and with shapes.

Source:
    K. Wada, "Labelme: Image Polygonal Annotation with Python", https://github.com/wkentaro/labelme
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has shapes and the path of the image."""
    return isinstance(place.json, dict) and place.json.keys() >= {"shapes", "imagePath"}


def read(place: Place, answers: Answers) -> None:
    """Adds the image: the flags that are set are its labels."""
    image = place.json["imagePath"]
    answers.add(image, [name for name, is_set in (place.json.get("flags") or {}).items() if is_set])
    answers.image(image).boxes.update(str(shape.get("label", "")) for shape in place.json["shapes"])
