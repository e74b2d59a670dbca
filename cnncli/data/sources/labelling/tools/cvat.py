"""CVAT: "CVAT for images 1.1", an XML file with tags for labels.

Source:
    CVAT, "CVAT format", https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from __future__ import annotations

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton")


def recognises(place: Place) -> bool:
    """Whether the root is `annotations`, and there are images."""
    return place.xml is not None and place.xml.tag == "annotations" and place.xml.find("image") is not None


def read(place: Place, answers: Answers) -> None:
    """Adds the images with their tags; `subset` is their split, where the names are those of splits."""
    assert place.xml is not None
    images = place.xml.findall("image")
    splits = splits_named({image.get("subset", "") for image in images})
    for image in images:
        name, split = image.get("name", ""), splits.get(image.get("subset", ""), "")
        entry = answers.image(name, split, f"image {image.get('id', name)}")
        answers.add(name, [tag.get("label", "") for tag in image.findall("tag")], split)
        entry.boxes.update(shape.get("label", "") for kind in _SHAPES for shape in image.findall(kind))
