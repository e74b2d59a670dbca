"""What a spec tells of its images without looking at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnncli.catalog.datasets import DATASETS
from cnncli.spec.schema import Data

FILES = ("folder", "csv", "tfds")
"""Sources of image files, which are read in any size and colour."""

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Known:
    """What is known without the images; None for what is not.

    Args:
        shape: height, width and channels.
        class_names: in the order of the labels.
        train: number of images to train and validate on.
    """

    shape: Shape | None
    class_names: tuple[str, ...] | None
    train: int | None


def known(data: Data) -> Known:
    """What the section `data` of a spec says of its images."""
    dataset = DATASETS.get(data.source.name)
    names: tuple[str, ...] | None = dataset.class_names if dataset else None
    if data.classes is not None:
        chosen = data.classes.values() if isinstance(data.classes, Mapping) else data.classes
        names = tuple(dict.fromkeys(chosen))
    return Known(_shape(data), names, dataset.train if dataset and data.classes is None else None)


def _shape(data: Data) -> Shape | None:
    dataset = DATASETS.get(data.source.name)
    size, channels = data.image.size, {"rgb": 3, "grayscale": 1, None: None}[data.image.color]
    if dataset:
        height, width = _pair(size) if size else (dataset.height, dataset.width)
        return height, width, channels or dataset.channels
    if channels is None and data.source.name in FILES:
        channels = 3
    return (*_pair(size), channels) if size and channels else None


def _pair(size: int | list[int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[1])
