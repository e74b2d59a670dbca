"""Chooses how the images are split: enough of each class to validate and to test, the rest to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnncli.data.split import Drawing, divide, validation_indices
from cnncli.draft.image_format import FEW
from cnncli.errors import DataError
from cnncli.wording import counted


@dataclass(frozen=True)
class Split:
    """How the images are split: the section `data.split`, the number of images in each part, and the reason."""

    keys: Mapping[str, float]  # empty when the source has its own split
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
    train = labels["train"]
    if "validation" in labels and "test" in labels:
        reason = "This is the split of the source."
        return Split({}, len(train), len(labels["validation"]), len(labels["test"]), reason)
    _require_enough(train, class_names, 4 - len(labels), where)
    drawing = Drawing(stratify=True, seed=0)
    small = 0.15 if len(train) < FEW else 0.1
    for validation, test in ((small, 0.2), (0.2, 0.2), (0.25, 0.25), (0.3, 0.3)):
        try:
            if "test" in labels:
                validated, tested = len(validation_indices(train, validation, drawing)), 0
            else:
                division = divide(train, class_names, 0 if "validation" in labels else validation, test, drawing)
                validated, tested = len(division.validation), len(division.test)
            break
        except DataError as error:
            failure = error
    else:
        raise failure
    trained = len(train) - validated - tested
    if "test" in labels:
        reason = "The source has its own test images; the validation images are taken from the training images."
        return Split({"validation": validation}, trained, validated, len(labels["test"]), reason)
    if "validation" in labels:
        reason = (
            "The source has its own validation images; the test images are taken from the training images. To train on "
            "all of these, write `test: validation`, which tests on the validation images."
        )
        return Split({"test": test}, trained, len(labels["validation"]), tested, reason)
    reason = "Each part gets the same share of every class; the test images are used once, at the end."
    return Split({"validation": validation, "test": test}, trained, validated, tested, reason)


def _require_enough(train: np.ndarray, class_names: tuple[str, ...], minimum: int, where: str) -> None:
    counts = np.bincount(train, minlength=len(class_names)).tolist()
    rare = [(name, count) for name, count in zip(class_names, counts, strict=True) if count < minimum]
    if rare:
        more = f" (and {len(rare) - 1:,} more classes)" if len(rare) > 1 else ""
        raise DataError(
            f"{where}: the class {rare[0][0]} has {counted(rare[0][1], 'image')}{more}; at least {minimum} are needed "
            "to train, validate and test",
            "add images, or remove the class",
        )
