"""COCO: one JSON object with images, annotations and categories; labels are annotations without a box.

Source:
    T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", 2014; the format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place
from cnncli.wording import in_counting_order

_MOST = 50  # files of splits; with more, there is one for each image
_KEYS = {"images", "annotations", "categories"}


def recognises(place: Place) -> bool:
    """Whether it has the three lists; a folder has files that do, in `annotations/` or beside the images."""
    return any(_is_coco(each) for each in _files(place))


def read(place: Place, answers: Answers) -> None:
    """Adds the images by their ids; of several files, the names say which split each is."""
    files = [each for each in _files(place) if _is_coco(each)]
    words = {
        file.path: file.path.stem if len({each.path.stem for each in files}) > 1 else file.path.parent.name
        for file in files
    }
    labels = [file for file in files if file.path.stem.startswith("labels")]
    files = labels or files
    splits = splits_named({words[file.path] for file in files})
    for file in files:
        split = splits.get(words[file.path], "train")
        names = {each["id"]: str(each["name"]) for each in file.json["categories"]}
        images = {each["id"]: str(each["file_name"]) for each in file.json["images"]}
        for image in images.values():
            answers.image(image, split)
        of_image: dict[object, list[str]] = {}
        for each in file.json["annotations"]:
            if each["image_id"] not in images:
                continue
            name = names.get(each["category_id"], str(each["category_id"]))
            if each.get("bbox") or each.get("segmentation"):
                answers.image(images[each["image_id"]], split).boxes.add(name)
            else:
                of_image.setdefault(each["image_id"], []).append(name)
        for number, given in of_image.items():
            answers.add(images[number], given, split)


def _files(place: Place) -> list[Place]:
    """The file, or the JSON files of a folder, of its `annotations`, and of folders of splits."""
    if not place.path.is_dir():
        return [place]
    found = [file for pattern in ("*.json", "*/*.json") for file in place.path.glob(pattern)]
    if len(found) > _MOST:
        return []
    return [Place(file) for file in sorted(found, key=lambda file: in_counting_order(str(file)))]


def _is_coco(place: Place) -> bool:
    return isinstance(place.json, dict) and place.json.keys() >= _KEYS
