"""How the images are divided: enough of each class to validate and to test, the rest to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnncli.data.split import divide, validation_indices
from cnncli.draft.image_format import FEW
from cnncli.errors import DataError

LEAST = 3
"""Images of a class below which it cannot be on all sides."""


@dataclass(frozen=True)
class Shares:
    """How the images are divided.

    Args:
        keys: of the section `data.split`; none when the source divides itself.
        train: images to train on.
        validation: images to validate on.
        test: images to test on.
        reason: a sentence.
    """

    keys: Mapping[str, float]
    train: int
    validation: int
    test: int
    reason: str


def choose_shares(labels: Mapping[str, np.ndarray], class_names: tuple[str, ...], where: str) -> Shares:
    """Chooses the smallest shares that are worth measuring on, and makes sure that they can be drawn.

    Args:
        labels: of each split that the source has, shape `(images,)`; at least of `train`.
        class_names: in the order of the labels.
        where: what a message calls the images.

    Raises:
        DataError: a class has too few images.
    """
    has_validation, has_test = "validation" in labels, "test" in labels
    train = labels["train"]
    if has_validation and has_test:
        return _shares({}, len(train), labels, "The division is that of the folders or of the table.")
    _require_enough(train, class_names, LEAST - has_validation - has_test, where)
    small = 0.15 if len(train) < FEW else 0.1
    for validation, test in ((small, 0.2), (0.2, 0.2), (0.25, 0.25), (0.3, 0.3)):
        try:
            counts = _drawn(train, class_names, 0 if has_validation else validation, 0 if has_test else test)
            break
        except DataError as error:
            failure = error
    else:
        raise failure
    keys = {} if has_validation else {"validation": validation}
    keys |= {} if has_test else {"test": test}
    return _shares(keys, counts, labels, _reason(has_validation, has_test))


def _drawn(train: np.ndarray, class_names: tuple[str, ...], validation: float, test: float) -> tuple[int, int, int]:
    if not test:
        chosen = len(validation_indices(train, validation, True, 0))
        return len(train) - chosen, chosen, 0
    division = divide(train, class_names, validation, test, True, 0)
    return len(division.train), len(division.validation), len(division.test)


def _shares(
    keys: Mapping[str, float], counts: int | tuple[int, int, int], labels: Mapping[str, np.ndarray], reason: str
) -> Shares:
    train, validation, test = (counts, 0, 0) if isinstance(counts, int) else counts
    own = {split: len(found) for split, found in labels.items()}
    return Shares(keys, train, own.get("validation", validation), own.get("test", test), reason)


def _reason(has_validation: bool, has_test: bool) -> str:
    if has_test:
        return "The test images are those of the source; some of the training images are kept to choose the best epoch."
    if has_validation:
        return "The validation images are those of the source; some of the training images are kept for the test."
    return "Each side gets the same share of every class; the test is looked at once, at the end."


def _require_enough(train: np.ndarray, class_names: tuple[str, ...], least: int, where: str) -> None:
    counts = np.bincount(train, minlength=len(class_names)).tolist()
    rare = [
        f"{name} has {count} image{'s' * (count != 1)}"
        for name, count in zip(class_names, counts, strict=True)
        if count < least
    ]
    if rare:
        more = f" (and {len(rare) - 1:,} more classes)" if len(rare) > 1 else ""
        raise DataError(
            f"{where}: the class {rare[0]}{more}, and at least {least} are needed, to train and to measure",
            "add images, or take the class away",
        )
