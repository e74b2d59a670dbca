"""Pascal VOC's XML files, as LabelImg writes them: one for each image, with boxes and no label of the image."""

from __future__ import annotations

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether the root is `annotation`, with the name of a file."""
    return place.xml is not None and place.xml.tag == "annotation" and place.xml.find("filename") is not None


def read(place: Place, answers: Answers) -> None:
    """Adds an image under the name of the file: LabelImg's `filename` often lacks the right suffix."""
    assert place.xml is not None
    names = {each.findtext("name", "").strip() for each in place.xml.findall("object")}
    answers.image(place.path.stem).boxes.update(names - {""})
