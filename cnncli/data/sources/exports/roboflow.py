"""Roboflow's classification CSV: `_classes.csv` in the folder of each split, a column of 0 and 1 for each class."""

from __future__ import annotations

from pathlib import Path

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.exports.answers import Answers
from cnncli.data.sources.exports.place import Place

_NAME = "_classes.csv"


def recognises(place: Place) -> bool:
    """Whether it is a file `_classes.csv` with the column `filename`, or a folder with such files."""
    files = _files(place.path)
    return bool(files) and Place(files[0]).header[:1] == ["filename"]


def read(place: Place, answers: Answers) -> None:
    """Adds the images of all splits."""
    files = _files(place.path)
    splits = splits_named({file.parent.name for file in files}) if place.path.is_dir() else {}
    for file in files:
        table = Place(file)
        folder = "" if file.parent == place.path or place.path.is_file() else f"{file.parent.name}/"
        for number, row in enumerate(table.records, 2):
            given = [name for name in table.header[1:] if row.get(name) in ("1", "1.0")]
            where = f"{folder}{_NAME}, line {number}"
            answers.add(folder + row.get("filename", ""), given, splits.get(file.parent.name, "train"), where)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted([*path.glob(_NAME), *path.glob(f"*/{_NAME}")])
    return [path] if path.name == _NAME else []
