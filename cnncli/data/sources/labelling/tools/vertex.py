"""Google's Vertex AI and AutoML Vision: JSON lines, or CSV without a header, with images as `gs://…`.

Source:
    Google Cloud, "Prepare image training data for classification", https://cloud.google.com/vertex-ai/docs
"""

from __future__ import annotations

from cnncli.data.names.split_names import split_of
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_USES = {"train", "training", "validation", "test", "unassigned"}


def recognises(place: Place) -> bool:
    """Whether the first line has `imageGcsUri`, or a cell of a table without a header begins with `gs://`."""
    if place.is_file(".jsonl"):
        return "imageGcsUri" in place.first
    return any(cell.startswith("gs://") for cell in place.header[:2]) and len(place.header) > 1


def read(place: Place, answers: Answers) -> None:
    """Adds the images; what follows a label in CSV are the corners of a box."""
    for where, row in place.lines:
        single = row.get("classificationAnnotation")
        annotations = [single] if single else row.get("classificationAnnotations") or []
        about = row.get("dataItemResourceLabels") or {}
        split = split_of(about.get("aiplatform.googleapis.com/ml_use", "")) or ""
        image = row["imageGcsUri"]
        answers.add(image, [str(each.get("displayName", "")) for each in annotations], split, where, record=about)
        boxes = row.get("boundingBoxAnnotations") or []
        answers.image(image, split).boxes.update(str(each.get("displayName", "")) for each in boxes)
    for number, cells in enumerate(place.cells, 1):
        has_use = cells[0].lower() in (*_USES, "")
        use, image, *labels = cells if has_use else ["", *cells]
        split, where = split_of(use) or "", f"line {number}"
        if any(label[:1].isdecimal() for label in labels[1:]):
            answers.image(image, split, where).boxes.add(labels[0])
        else:
            answers.add(image, labels, split, where)
