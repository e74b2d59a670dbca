"""Lists of images with the numbers of their classes, as Datumaro writes them: `train.txt` beside `synsets.txt`.

Source:
    Datumaro, "ImageNet", https://openvinotoolkit.github.io/datumaro
"""

from __future__ import annotations

import re
from pathlib import Path

from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place, text_lines

_NAMES = "synsets.txt"
_LINE = re.compile(r'(?:"(?P<quoted>[^"]+)"(?P<suffix>\S*)|(?P<plain>\S+))(?P<numbers>(?:\s+\d+)*)\s*')


def recognises(place: Place) -> bool:
    """Whether a folder has `synsets.txt` and another list of images, all lines of which are such."""
    return bool(_lists(place.path)) and all(_LINE.fullmatch(line) for line in text_lines(_lists(place.path)[0]))


def read(place: Place, answers: Answers) -> None:
    """Adds the images of all lists, the names of which may be those of splits."""
    names = [line.strip() for line in text_lines(place.path / _NAMES)]
    lists = _lists(place.path)
    splits = splits_named({file.stem for file in lists})
    for file in lists:
        for number, line in enumerate(text_lines(file), 1):
            match = _LINE.fullmatch(line)
            if match is None:
                continue
            image = f"{match['quoted']}{match['suffix']}" if match["quoted"] else match["plain"]
            labels = [int(each) for each in match["numbers"].split()]
            given = [names[each] if each < len(names) else str(each) for each in labels]
            answers.add(image, given, splits.get(file.stem, ""), f"{file.name}, line {number}")


def _lists(folder: Path) -> list[Path]:
    if not (folder / _NAMES).is_file():
        return []
    return sorted(file for file in folder.glob("*.txt") if file.name != _NAMES)
