"""What is known of the images of a spec: without a look at them, or once they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.spec.schema import Data
from cnncli.spec.shapes.terms import pair

ASSUMED_CLASSES = 10
"""Number of classes to check a network with where only the images can tell."""


@dataclass(frozen=True)
class StaticDataInfo:
    """What is certain of the images; None for what is not."""

    shape: tuple[int, int, int] | None  # height, width and channels
    class_names: tuple[str, ...] | None  # in the order of the labels
    train: int | None  # number of images that an epoch trains on
    validation: int | None  # number of images drawn for validation; None also where the source has its own, or none

    @property
    def classes(self) -> int:
        """Number of classes; an assumed one where only the images can tell."""
        return ASSUMED_CLASSES if self.class_names is None else len(self.class_names)


def static_data_info(data: Data) -> StaticDataInfo:
    """What the section `data` of a spec says about its images, which are not loaded."""
    dataset = DATASETS.get(data.source.name)
    names: tuple[str, ...] | None = dataset.class_names if dataset else None
    if data.classes is not None:
        classes = data.classes.values() if isinstance(data.classes, Mapping) else data.classes
        names = tuple(dict.fromkeys(classes))
    total = dataset.train if dataset and data.classes is None and data.split.file is None else None
    part = data.split.held_out("validation")
    validation = part if isinstance(part, int) else None if total is None else round(total * part)
    train = None if total is None or validation is None else total - validation
    return StaticDataInfo(_shape(data), names, train, validation or None)


def _shape(data: Data) -> tuple[int, int, int] | None:
    dataset = DATASETS.get(data.source.name)
    size, channels = data.image.size, {"rgb": 3, "grayscale": 1, None: None}[data.image.color]
    if dataset:
        height, width = pair(size) if size else (dataset.height, dataset.width)
        return height, width, channels or dataset.channels
    if channels is None and IMAGE_SOURCES[data.source.name].images != "arrays":
        channels = 3  # whatever the files have, colour holds it
    return (*pair(size), channels) if size and channels else None
