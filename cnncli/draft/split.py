"""Chooses how the images are split: enough of each class to validate and to test, the rest to train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnncli.data.quality.class_warnings import lacking_classes
from cnncli.data.quality.label_values import odd_labels
from cnncli.data.split import Drawing, divide, missing_classes, validation_indices
from cnncli.draft.image_format import FEW
from cnncli.errors import DataError


@dataclass(frozen=True)
class Split:
    """How the images are split: the section `data.split`, the number of images in each part, and the reason.

    `lacking` has a sentence for each part that lacks classes.
    """

    keys: Mapping[str, float]  # empty when the source has its own split
    train: int
    validation: int
    test: int
    reason: str
    lacking: tuple[str, ...] = ()


def choose_split(labels: Mapping[str, np.ndarray], class_names: tuple[str, ...]) -> Split:
    """Chooses the smallest fractions that give a meaningful measurement and have every class on each side.

    Where no fractions do, the smallest are chosen, and a sentence names the classes that a part lacks.

    Args:
        labels: Labels of each split of the source, shape `(images,)`; at least those of `train`.
        class_names: Names of the classes, in the order of the labels.

    Raises:
        DataError: There are too few images to divide.
    """
    train = labels["train"]
    if "validation" in labels and "test" in labels:
        reason = "This is the split of the source."
        return Split({}, len(train), len(labels["validation"]), len(labels["test"]), reason)
    if len(train) == len(class_names):
        hint = "add images; where these are names or descriptions of the images, name the column that has the classes"
        odd = next(odd_labels(class_names, len(train)), "")
        raise DataError(
            f"each of the {len(class_names):,} classes has one image to train on, such as '{class_names[0]}'",
            f"{odd}\n{hint}" if odd else hint,
        )
    keys, drawn = _best_fractions(labels, class_names)
    sizes = {split: len(of_split) for split, of_split in drawn.items()}
    trained = len(train) - sum(sizes.values())
    sentences = (lacking_classes(split, train, of_split, class_names) for split, of_split in drawn.items())
    lacking = tuple(sentence for sentence in sentences if sentence)
    if "test" in labels:
        reason = "The source has its own test images; the validation images are taken from the training images."
        return Split(keys, trained, sizes["validation"], len(labels["test"]), reason, lacking)
    if "validation" in labels:
        reason = (
            "The source has its own validation images; the test images are taken from the training images. To train on "
            "all of these, write `test: validation`, which tests on the validation images."
        )
        return Split(keys, trained, len(labels["validation"]), sizes["test"], reason, lacking)
    reason = "Each part gets the same share of every class; the test images are used once, at the end."
    return Split(keys, trained, sizes["validation"], sizes["test"], reason, lacking)


def _best_fractions(
    labels: Mapping[str, np.ndarray], class_names: tuple[str, ...]
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """The section `data.split`, and the labels of the images of each split that are drawn for it."""
    small = 0.15 if len(labels["train"]) < FEW else 0.1
    smallest = None
    for validation, test in ((small, 0.2), (0.2, 0.2), (0.25, 0.25), (0.3, 0.3)):
        keys = {"validation": validation, "test": test}
        keys = {split: fraction for split, fraction in keys.items() if split not in labels}
        try:
            drawn = _drawn(labels["train"], class_names, keys)
        except DataError:
            if smallest is None:
                raise
            break
        smallest = smallest or (keys, drawn)
        if not any(missing_classes(of_split, len(class_names)) for of_split in drawn.values()):
            return keys, drawn
    assert smallest is not None  # the first was drawn
    return smallest


def _drawn(train: np.ndarray, class_names: tuple[str, ...], keys: Mapping[str, float]) -> dict[str, np.ndarray]:
    drawing = Drawing(stratify=True, seed=0)
    if "test" not in keys:
        return {"validation": train[validation_indices(train, keys["validation"], drawing, class_names)]}
    division = divide(train, class_names, keys.get("validation", 0), keys["test"], drawing)
    return {split: train[getattr(division, split)] for split in keys}
