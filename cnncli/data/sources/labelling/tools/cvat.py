"""CVAT: "CVAT for images 1.1", an XML file with tags for labels.

Source:
    CVAT, "CVAT format", https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from __future__ import annotations

from xml.etree import ElementTree

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton")


def recognises(place: Place) -> bool:
    """Whether the root is `annotations`, and there are images."""
    return place.xml is not None and place.xml.tag == "annotations" and place.xml.find("image") is not None


def read(place: Place, answers: Answers) -> None:
    """Adds the images with their tags; `subset` is their split, where the names are those of splits.

    Where all tags have the same label, the answer is an attribute of theirs; of several `label_column` names one.
    """
    assert place.xml is not None
    images = place.xml.findall("image")
    splits = splits_named({image.get("subset", "") for image in images})
    tags = place.xml.findall("image/tag")
    attributes = {each.get("name", "") for tag in tags for each in tag.findall("attribute")}
    one = len({tag.get("label") for tag in tags}) == 1
    attribute = place.question(attributes, "attributes of tags") if one or place.label in attributes else ""
    for image in images:
        name, split = image.get("name", ""), splits.get(image.get("subset", ""), "")
        entry = answers.image(name, split, f"image {image.get('id', name)}")
        answers.add(name, [word for tag in image.findall("tag") for word in _words(tag, attribute)], split)
        entry.boxes.update(shape.get("label", "") for kind in _SHAPES for shape in image.findall(kind))


def _words(tag: ElementTree.Element, attribute: str) -> list[str]:
    """The label of a tag, or the values of an attribute of it."""
    values = [each.text or "" for each in tag.findall("attribute") if each.get("name") == attribute]
    return values if attribute else [tag.get("label", "")]
