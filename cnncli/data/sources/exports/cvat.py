"""CVAT: "CVAT for images 1.1", one XML file with tags for labels.

Source:
    CVAT, "CVAT format", https://docs.cvat.ai/docs/manual/advanced/xml_format/
"""

from __future__ import annotations

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place, xml_root

_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton")


def recognises(place: Place) -> bool:
    """Whether the root is `annotations` and there are images; a folder has such a file as `annotations.xml`."""
    root = xml_root(place.path / "annotations.xml") if place.path.is_dir() else place.xml
    return root is not None and root.tag == "annotations" and root.find("image") is not None


def read(place: Place, answers: Answers) -> None:
    """Adds the images with their tags; `subset` is their split, where the names are those of splits."""
    root = xml_root(place.path / "annotations.xml") if place.path.is_dir() else place.xml
    assert root is not None
    images = root.findall("image")
    splits = splits_named({image.get("subset", "") for image in images})
    for image in images:
        name, split = image.get("name", ""), splits.get(image.get("subset", ""), "train")
        entry = answers.image(name, split, f"image {image.get('id', name)}")
        answers.add(name, [tag.get("label", "") for tag in image.findall("tag")], split)
        entry.boxes.update(shape.get("label", "") for kind in _SHAPES for shape in image.findall(kind))
