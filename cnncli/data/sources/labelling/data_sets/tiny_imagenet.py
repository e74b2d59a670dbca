"""Tiny ImageNet: class folders to train on, and a list of the labels of the validation images.

Source:
    Y. Le and X. Yang, "Tiny ImageNet Visual Recognition Challenge", 2015
"""

from __future__ import annotations

from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.sources.labelling.answers import Answers
from cnncli.data.sources.labelling.place import Place

_LIST = "val/val_annotations.txt"


def recognises(place: Place) -> bool:
    """Whether a folder has the list, and the folder of the training images."""
    return (place.path / _LIST).is_file() and (place.path / "train").is_dir()


def read(place: Place, answers: Answers) -> None:
    """Adds the images; the images of `test` have no labels."""
    for image in FolderInventory(place.path, {}).images("train/"):
        answers.add(image, [image.split("/")[1]], "train")
    for number, cells in enumerate(Place(place.path / _LIST).cells, 1):
        answers.add(f"val/images/{cells[0]}", [cells[1]], "validation", f"{_LIST}, line {number}")
