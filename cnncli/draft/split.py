"""Chooses how the images are split: enough of each class to validate and to test, the rest to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnncli.data.split import divide, validation_indices
from cnncli.draft.image_format import FEW
from cnncli.errors import DataError

MINIMUM = 3
"""Images that a class needs: one each to train, to validate and to test."""


@dataclass(frozen=True)
class Split:
    """How the images are split.

    Args:
        keys: Keys of the section `data.split`; empty when the source has its own split.
        train: Number of training images.
        validation: Number of validation images.
        test: Number of test images.
        reason: The reason, as a sentence.
    """

    keys: Mapping[str, float]
    train: int
    validation: int
    test: int
    reason: str


def choose_split(labels: Mapping[str, np.ndarray], class_names: tuple[str, ...], where: str) -> Split:
    """Chooses the smallest fractions that give a meaningful measurement and have every class on each side.

    Args:
        labels: Labels of each split of the source, shape `(images,)`; at least those of `train`.
        class_names: Names of the classes, in the order of the labels.
        where: Name of the images in a message.

    Raises:
        DataError: a class has too few images.
    """
    has_validation, has_test = "validation" in labels, "test" in labels
    train = labels["train"]
    if has_validation and has_test:
        return _split({}, (len(train), 0, 0), labels, "This is the split of the source.")
    _require_enough(train, class_names, MINIMUM - has_validation - has_test, where)
    small = 0.15 if len(train) < FEW else 0.1
    for validation, test in ((small, 0.2), (0.2, 0.2), (0.25, 0.25), (0.3, 0.3)):
        try:
            counts = _counts(train, class_names, 0 if has_validation else validation, 0 if has_test else test)
            break
        except DataError as error:
            failure = error
    else:
        raise failure
    keys = {} if has_validation else {"validation": validation}
    keys |= {} if has_test else {"test": test}
    return _split(keys, counts, labels, _reason(has_validation, has_test))


def _counts(train: np.ndarray, class_names: tuple[str, ...], validation: float, test: float) -> tuple[int, int, int]:
    """Numbers of training, validation and test images that these fractions of the training images give."""
    if not test:
        chosen = len(validation_indices(train, validation, True, 0))
        return len(train) - chosen, chosen, 0
    division = divide(train, class_names, validation, test, True, 0)
    return len(division.train), len(division.validation), len(division.test)


def _split(
    keys: Mapping[str, float], counts: tuple[int, int, int], labels: Mapping[str, np.ndarray], reason: str
) -> Split:
    train, validation, test = counts
    own = {split: len(members) for split, members in labels.items()}
    return Split(keys, train, own.get("validation", validation), own.get("test", test), reason)


def _reason(has_validation: bool, has_test: bool) -> str:
    if has_test:
        return "The source has its own test images; the validation images are taken from the training images."
    if has_validation:
        return "The source has its own validation images; the test images are taken from the training images."
    return "Each part gets the same share of every class; the test images are used once, at the end."


def _require_enough(train: np.ndarray, class_names: tuple[str, ...], minimum: int, where: str) -> None:
    counts = np.bincount(train, minlength=len(class_names)).tolist()
    rare = [
        f"{name} has {count} image{'s' * (count != 1)}"
        for name, count in zip(class_names, counts, strict=True)
        if count < minimum
    ]
    if rare:
        more = f" (and {len(rare) - 1:,} more classes)" if len(rare) > 1 else ""
        raise DataError(
            f"{where}: the class {rare[0]}{more}; at least {minimum} are needed to train, validate and test",
            "add images, or remove the class",
        )
