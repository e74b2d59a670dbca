"""COCO: one JSON object with images, annotations and categories; labels are annotations without a box.

Source:
    T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", 2014; the format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_KEYS = {"images", "annotations", "categories"}


def recognises(place: Place) -> bool:
    """Whether it has the three lists."""
    return isinstance(place.json, dict) and place.json.keys() >= _KEYS


def read(place: Place, answers: Answers) -> None:
    """Adds the images by their ids."""
    names = {str(each["id"]): str(each["name"]) for each in place.json["categories"]}
    images = {str(each["id"]): each for each in place.json["images"]}
    for image in images.values():
        answers.image(image["file_name"], record=image)
    of_image: dict[str, list[str]] = {}
    for each in place.json["annotations"]:
        number = str(each["image_id"])
        if number not in images or "category_id" not in each:
            continue
        name = names.get(str(each["category_id"]), str(each["category_id"]))
        if each.get("bbox") or each.get("segmentation"):
            answers.image(images[number]["file_name"]).boxes.add(name)
        else:
            of_image.setdefault(number, []).append(name)
    for number, given in of_image.items():
        answers.add(images[number]["file_name"], given)
