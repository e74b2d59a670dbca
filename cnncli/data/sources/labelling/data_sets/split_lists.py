"""Lists of the images of each split, `train.txt` and `test.txt`, whose folders are the classes, as Food-101 has them.

Source:
    L. Bossard et al., "Food-101", 2014; M. Cimpoi et al., "Describing Textures in the Wild", 2014
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place, text_lines

_LISTS, _IMAGES = ("meta", "splits", "labels", "."), "images"
_LOOKED_AT = 20  # lines of a list


def recognises(place: Place) -> bool:
    """Whether a folder has lists for training and another split, and `images` has what they name in class folders."""
    lists = _lists(place.path)
    return bool(lists) and all(_is_there(place.path, line) for file in lists for line in text_lines(file)[:_LOOKED_AT])


def read(place: Place, answers: Answers) -> None:
    """Adds the images; the class is the name of the folder."""
    for file, split in _lists(place.path).items():
        for number, line in enumerate(text_lines(file), 1):
            image = f"{_IMAGES}/{line}"
            answers.add(image, [PurePosixPath(image).parent.name], split, f"{file.name}, line {number}")


def _lists(folder: Path) -> dict[Path, str]:
    """The lists by their splits, in the first place that has some."""
    for place in _LISTS:
        files = {file.stem: file for file in sorted((folder / place).glob("*.txt"))}
        splits = {files[name]: split for name, split in splits_named(files).items() if text_lines(files[name])}
        if len(set(splits.values())) == len(splits) > 1 and "train" in splits.values():
            return splits
    return {}


def _is_there(folder: Path, line: str) -> bool:
    if "/" not in line or "\t" in line:
        return False
    return any((folder / _IMAGES / f"{line}{suffix}").is_file() for suffix in ("", *SUFFIXES))
