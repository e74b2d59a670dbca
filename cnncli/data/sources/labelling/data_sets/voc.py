"""Pascal VOC's lists: `ImageSets/Main/CLASS_SPLIT.txt` with an id and 1 or -1 in each line, or boxes in `Annotations`.

Source:
    M. Everingham et al., "The PASCAL Visual Object Classes Challenge", 2010; the development kit's documentation.
"""

from __future__ import annotations

from pathlib import Path

from cnncli.data.names.split_names import split_of
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place, text_lines
from cnncli.wording import in_counting_order

_LISTS, _BOXES = Path("ImageSets") / "Main", "Annotations"


def recognises(place: Place) -> bool:
    """Whether it has `ImageSets/Main` with lists of classes, or those of splits beside `Annotations`."""
    lists = [file.stem for file in (place.path / _LISTS).glob("*.txt")]
    return any("_" in name for name in lists) or (bool(lists) and (place.path / _BOXES).is_dir())


def read(place: Place, answers: Answers) -> None:
    """Adds the ids of the lists of splits; those of `trainval` only where there is no list `train`."""
    lists = {file.stem: file for file in (place.path / _LISTS).glob("*.txt")}
    splits = {name: split_of(name) or "train" for name in lists if _is_split(name, lists)}
    if "train" in splits:
        splits.pop("trainval", None)
    for list_name, split in splits.items():
        for line in text_lines(lists[list_name]):
            answers.image(_name(line), split).boxes.update(_boxes(place.path / _BOXES / f"{line.strip()}.xml"))
        labels: dict[str, list[str]] = {}
        for name in sorted(lists, key=in_counting_order):
            if name.endswith(f"_{list_name}"):
                for line in text_lines(lists[name]):
                    image, value = line.rsplit(None, 1)
                    if value == "1":
                        labels.setdefault(_name(image), []).append(name.removesuffix(f"_{list_name}"))
        for image, given in labels.items():
            answers.add(image, given, split)


def _is_split(name: str, lists: dict[str, Path]) -> bool:
    return not any(name.endswith(f"_{other}") for other in lists if other != name)


def _boxes(file: Path) -> set[str]:
    """The classes of the boxes in an XML file; none where there is no such file."""
    root = Place(file).xml
    return set() if root is None else {each.findtext("name", "").strip() for each in root.findall("object")}


def _name(image: str) -> str:
    return f"JPEGImages/{image.strip()}"
