"""V7 Darwin: a JSON file for each image, with tags and with shapes.

Source:
    V7, "Darwin JSON", https://docs.v7labs.com/reference/darwin-json
"""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has annotations of an item, or of an image in the first version."""
    content = place.json
    return isinstance(content, dict) and "annotations" in content and "name" in _item(content)


def read(place: Place, answers: Answers) -> None:
    """Adds the image with its tags."""
    item = _item(place.json)
    image = f"{str(item.get('path', '')).strip('/')}/{item['name']}".strip("/")
    annotations = place.json["annotations"]
    answers.add(image, [each["name"] for each in annotations if "tag" in each])
    answers.image(image).boxes.update(each["name"] for each in annotations if "tag" not in each)


def _item(content: dict[str, dict[str, str]]) -> dict[str, str]:
    if "item" in content:
        return content["item"]
    image = content["image"]
    return {"name": image["original_filename"], "path": image.get("path", "")}
