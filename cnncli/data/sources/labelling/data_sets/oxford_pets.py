"""Oxford-IIIT Pets: lists of images in `annotations`, whose names begin with the breed.

Source:
    O. M. Parkhi et al., "Cats and Dogs", 2012, https://www.robots.ox.ac.uk/~vgg/data/pets
"""

from __future__ import annotations

import re
from pathlib import Path

from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place, text_lines

_LISTS = {"trainval.txt": "train", "test.txt": "test"}
_LINE = re.compile(r"(?P<image>(?P<breed>\S+)_\d+) \d+ [12] \d+\s*")


def recognises(place: Place) -> bool:
    """Whether a folder has both lists in `annotations`, and each line the numbers of a breed and of its species."""
    lists = [place.path / "annotations" / name for name in _LISTS]
    return all(map(Path.is_file, lists)) and all(_LINE.fullmatch(line) for each in lists for line in text_lines(each))


def read(place: Place, answers: Answers) -> None:
    """Adds the images, which lie in `images`."""
    for name, split in _LISTS.items():
        for number, line in enumerate(text_lines(place.path / "annotations" / name), 1):
            if match := _LINE.fullmatch(line):
                answers.add(f"images/{match['image']}", [match["breed"]], split, f"{name}, line {number}")
