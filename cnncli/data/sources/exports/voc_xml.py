"""Pascal VOC's XML files, as LabelImg writes them: one for each image, with boxes and no label of the image."""

from __future__ import annotations

from pathlib import Path

from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place, xml_root
from cnncli.wording import in_counting_order


def recognises(place: Place) -> bool:
    """Whether the first XML file of a folder, or of `Annotations` in it, has the root `annotation`."""
    files = _files(place.path) if place.path.is_dir() else []
    root = xml_root(files[0]) if files else None
    return root is not None and root.tag == "annotation" and root.find("filename") is not None


def read(place: Place, answers: Answers) -> None:
    """Adds an image for each file, under the name of the file: LabelImg's `filename` often lacks the right suffix."""
    for file in _files(place.path):
        root = xml_root(file)
        if root is not None:
            names = {each.findtext("name", "").strip() for each in root.findall("object")}
            answers.image(file.stem, place=file.name).boxes.update(names - {""})


def _files(folder: Path) -> list[Path]:
    files = [*folder.glob("*.xml"), *folder.glob("Annotations/*.xml"), *folder.glob("annotations/*.xml")]
    return sorted(files, key=lambda file: in_counting_order(file.name))
