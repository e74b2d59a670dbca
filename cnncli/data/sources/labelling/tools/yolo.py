"""YOLO: a text file of boxes for each image, a number of a class and numbers of the box in each line.

Source:
    Ultralytics, "Object detection datasets overview", https://docs.ultralytics.com/datasets/detect
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place, text_lines

_LINE = re.compile(r"\d+(\s+-?\d+(\.\d+)?(e-?\d+)?){4,}\s*")
_NAMES = ("classes.txt", "obj.names", "_darknet.labels")


def recognises(place: Place) -> bool:
    """Whether a folder has the names of classes, and text files all lines of which are boxes."""
    if not place.path.is_dir() or not _names(place.path):
        return False
    first = next((lines for _, lines in _annotations(place.path) if lines), [])
    return bool(first) and all(map(_LINE.fullmatch, first))


def read(place: Place, answers: Answers) -> None:
    """Adds an image for each file; its folder `labels` stands for one called `images`."""
    names, files = _names(place.path), [*_annotations(place.path)]
    splits = splits_named({folder for name, _ in files for folder in Path(name).parts[:-1]})
    for name, lines in files:
        *folders, stem = Path(name).with_suffix("").parts
        split = next((splits[folder] for folder in folders if folder in splits), "")
        image = "/".join([*("images" if folder == "labels" else folder for folder in folders), stem])
        numbers = [int(line.split()[0]) for line in lines if _LINE.fullmatch(line)]
        answers.image(image, split, name).boxes.update(names.get(number, str(number)) for number in numbers)


def _names(folder: Path) -> dict[int, str]:
    """The names of the classes, from a YAML file or a list with a name in each line."""
    for file in sorted(folder.glob("*.yaml")):
        names = _content(file).get("names")
        if isinstance(names, list | dict) and names:
            return {
                int(number): str(name)
                for number, name in (names.items() if isinstance(names, dict) else enumerate(names))
            }
    files = [
        each
        for name in _NAMES
        for pattern in (name, f"*/{name}", f"*/*/{name}")
        for each in sorted(folder.glob(pattern))
    ]
    return dict(enumerate(text_lines(files[0]))) if files else {}


def _content(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_bytes())
    except (yaml.YAMLError, ValueError, OSError):
        return {}
    return content if isinstance(content, dict) else {}


def _annotations(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The text files within the folders in a folder, and their lines."""
    for name in FolderInventory(folder, {}).files():
        if name.lower().endswith(".txt") and "/" in name and not name.endswith(_NAMES):
            yield name, text_lines(folder / name)
