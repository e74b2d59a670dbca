"""Edge Impulse: `info.labels` with the category and the label of each file, or `bounding_boxes.labels`.

Source:
    Edge Impulse, "Info labels format", https://docs.edgeimpulse.com
"""

from __future__ import annotations

from cnncli.data.names.split_names import split_of
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place


def recognises(place: Place) -> bool:
    """Whether it has files with their labels, or boxes."""
    content = place.json
    return isinstance(content, dict) and ("boundingBoxes" in content or "label" in content["files"][0])


def read(place: Place, answers: Answers) -> None:
    """Adds the files; their category is the split."""
    for image, boxes in place.json.get("boundingBoxes", {}).items():
        answers.image(image).boxes.update(str(each.get("label", "")) for each in boxes)
    for row in place.json.get("files", []):
        split, label = split_of(str(row.get("category", ""))) or "", row["label"]
        given = [str(label["label"])] if label.get("type") == "label" else []
        answers.add(row["path"], given, split, f"file {row['path']}", record=row.get("metadata"))
