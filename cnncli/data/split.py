"""Divides images into those that train, validate and test: stratified, seeded, written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnncli.errors import DataError
from cnncli.wording import counted


@dataclass(frozen=True)
class Division:
    """Which images belong to which split: sorted indices, int64; every image is in one split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def divide(
    labels: np.ndarray,
    class_names: Sequence[str],
    validation: float | int,
    test: float | int,
    stratify: bool,
    seed: int,
) -> Division:
    """Divides images once for all: the test is drawn first, and the validation from the rest.

    Args:
        labels: Classes of all images, shape `(images,)`.
        class_names: Names in the order of the labels, for error messages.
        validation: A fraction below 1 of all the images, or a count; 0 for none.
        test: The same; the count of a fraction is rounded up, as in scikit-learn.
        stratify: Keep the proportions of the classes; without it the last images are taken.
        seed: Seed of the division.

    Raises:
        DataError: No image would be left to train on, or a class would have none in one of the splits.
    """
    tested = validated = np.array([], np.int64)
    if test:
        count = math.ceil(round(len(labels) * test, 6)) if isinstance(test, float) else test
        tested = _drawn(labels, count, stratify, seed, "test", class_names)
    rest = np.setdiff1d(np.arange(len(labels)), tested)
    if validation:
        count = _count(len(labels), validation)
        validated = rest[_drawn(labels[rest], count, stratify, seed, "validation", class_names)]
    division = Division(np.setdiff1d(rest, validated), validated, tested)
    _require_every_class(labels, class_names, division, stratify)
    return division


def validation_indices(
    labels: np.ndarray, part: float | int, stratify: bool, seed: int, class_names: Sequence[str] | None = None
) -> np.ndarray:
    """Chooses the training images to validate on: sorted indices into `labels`, int64.

    `part` is a fraction below 1, or a count. Without `stratify` the last images are taken, as Keras does.

    Raises:
        DataError: No image would be left to train on, or a class would have none on one side.
    """
    return _drawn(labels, _count(len(labels), part), stratify, seed, "validation", class_names)


def _count(total: int, part: float | int) -> int:
    return round(total * part) if isinstance(part, float) else part


def _drawn(
    labels: np.ndarray, count: int, stratify: bool, seed: int, split: str, class_names: Sequence[str] | None = None
) -> np.ndarray:
    """Sorted indices of this number of images."""
    total = len(labels)
    if not 0 < count < total:
        images = counted(count, f"{split} image")
        raise DataError(f"{images} of {total:,} leave no image for the other splits", f"change data.split.{split}")
    if not stratify:
        return np.arange(total - count, total)
    classes = len(np.unique(labels))
    if min(count, total - count) < classes:
        side = split if count < classes else "training"
        raise DataError(
            f"{counted(min(count, total - count), f'{side} image')} cannot hold one of each of the {classes} classes",
            f"change data.split.{split}, or set 'stratify: false'",
        )
    from sklearn.model_selection import train_test_split

    try:
        _, indices = train_test_split(np.arange(total), test_size=count, stratify=labels, random_state=seed)
    except ValueError as error:
        counts = np.bincount(labels)
        rare = [label for label in np.unique(labels).tolist() if counts[label] < 2]
        reason = f"{error}"
        if class_names and rare:
            reason = f"the class {class_names[rare[0]]} has 1 image for {split} and training"
        raise DataError(
            f"the images cannot be divided so that every class is on both sides: {reason}",
            "add images of the class, or leave it out with data.classes",
        ) from None
    return np.sort(indices)


def _require_every_class(labels: np.ndarray, class_names: Sequence[str], division: Division, stratified: bool) -> None:
    counts = np.bincount(labels, minlength=len(class_names))
    for split, indices in (("train", division.train), ("validation", division.validation), ("test", division.test)):
        lacking = np.flatnonzero(np.bincount(labels[indices], minlength=len(class_names)) == 0)
        if len(indices) and len(lacking):
            label = lacking[0]
            more = f" (and {len(lacking) - 1} more class{'es' * (len(lacking) > 2)})" if len(lacking) > 1 else ""
            images = counted(counts[label], "image")
            raise DataError(
                f"of the {images} of the class {class_names[label]} none is in the {split} split{more}",
                "keep more images for this split, add images of the class, or leave it out with data.classes"
                if stratified
                else "the images are in the order of their classes; remove 'stratify: false'",
            )
