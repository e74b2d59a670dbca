"""Google's Vertex AI and AutoML Vision: JSON lines, or CSV without a header, with images as `gs://…`.

Source:
    Google Cloud, "Prepare image training data for classification", https://cloud.google.com/vertex-ai/docs
"""

from __future__ import annotations

from cnncli.data.names.split_names import split_of
from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place, json_object

_USES = {"train", "training", "validation", "test", "unassigned"}


def recognises(place: Place) -> bool:
    """Whether the first line has `imageGcsUri`, or a cell of a table without a header begins with `gs://`."""
    if place.is_file(".jsonl"):
        return "imageGcsUri" in json_object(place.text.partition("\n")[0])
    return any(cell.startswith("gs://") for cell in place.header[:2]) and len(place.header) > 1


def read(place: Place, answers: Answers) -> None:
    """Adds the images; those without a use are `train`."""
    if place.is_file(".jsonl"):
        for number, line in enumerate(place.text.split("\n"), 1):
            row = json_object(line)
            single = row.get("classificationAnnotation")
            annotations = [single] if single else row.get("classificationAnnotations") or []
            use = (row.get("dataItemResourceLabels") or {}).get("aiplatform.googleapis.com/ml_use", "")
            if row:
                labels = [str(each.get("displayName", "")) for each in annotations]
                answers.add(row.get("imageGcsUri", ""), labels, split_of(use) or "train", f"line {number}")
        return
    for number, cells in enumerate(place.cells, 1):
        has_use = cells[0].lower() in (*_USES, "")
        use, image, *labels = cells if has_use else ["", *cells]
        answers.add(image, labels, split_of(use) or "train", f"line {number}")
