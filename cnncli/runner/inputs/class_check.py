"""Checks of class names where a training starts, as soon as the images have told them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from cnncli.data.samples import ImageData
from cnncli.data.sources.location import some
from cnncli.data.sources.similar_names import merging, similar_names
from cnncli.errors import DataError, SpecError
from cnncli.spec.class_weights import wrong_class_weights
from cnncli.spec.schema import Split, Train
from cnncli.spec.writer import flow

_SHOWN_CLASSES = 20
"""Number of classes up to which a message proposes the whole mapping."""


def unused_splits(split: Split) -> tuple[str, ...]:
    """The splits that are not used even where a source has them: validation images that a spec does not want."""
    return ("validation",) if split.validation == 0 else ()


def require_known_classes(source: ImageData[Any], used: Collection[str]) -> None:
    """Refuses images to validate or test on whose classes a network cannot know.

    Raises:
        DataError: A split that is used has a class that the training images lack.
    """
    for split in (split for split in used if source.foreign.get(split)):
        names = source.foreign[split]
        hint = "add training images of it, or list the classes to use in data.classes: the others are left out"
        if split == "validation":
            hint += "; 'data.split.validation: 0' uses no validation images"
        raise DataError(
            f"the {split} images have the class{'es' if len(names) > 1 else ''} {some(names)}, "
            "which the training images lack",
            hint,
        )


def class_warnings(source: ImageData[Any], used: Collection[str]) -> Iterator[str]:
    """What to tell about the classes of a source: those that a split lacks, and those that may be one."""
    for split in (split for split in used if split != "train"):
        counts = np.bincount(source.splits[split].labels, minlength=len(source.class_names))
        lacking = [source.class_names[label] for label in np.flatnonzero(counts == 0).tolist()]
        if lacking:
            yield (
                f"warning: the {split} images lack the class{'es' if len(lacking) > 1 else ''} {some(lacking)}: "
                f"how well {'they are' if len(lacking) > 1 else 'it is'} recognised is not measured on them"
            )
    yield from similar_classes(source.class_names)


def similar_classes(names: Sequence[str]) -> Iterator[str]:
    """A warning of classes whose names may mean the same, with the way to merge them."""
    groups = similar_names(names)
    if groups:
        alike = some([" and ".join(map(repr, group)) for group in groups])
        mapping = flow(merging(names, groups)) if len(names) <= _SHOWN_CLASSES else "a mapping"
        yield f"warning: classes have similar names: {alike}; to make them one, set data.classes: {mapping}"


def require_class_weights(train: Train, class_names: tuple[str, ...]) -> None:
    """Refuses class weights that do not belong to the classes, or weigh nothing.

    Raises:
        SpecError: A weight is of no class, or all images weigh nothing.
    """
    problems = list(wrong_class_weights(train.class_weight, class_names))
    if problems:
        raise SpecError(problems)
