"""Divides images into those that train, validate and test: stratified, seeded, written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnncli.data.groups import Groups, drawn_groups
from cnncli.errors import DataError
from cnncli.wording import counted

_ADD_IMAGES = "add images of the class, or leave it out with data.classes"


@dataclass(frozen=True)
class Division:
    """Which images belong to which split: sorted indices, int64; every image is in one split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Drawing:
    """How images are drawn for a split.

    Args:
        stratify: Keep the proportions of the classes; without it the last images are taken.
        seed: Seed of the division.
        groups: Images that belong together, in the order of the images; None where each stands alone.
    """

    stratify: bool
    seed: int
    groups: Groups | None = None

    def take(self, indices: np.ndarray) -> Drawing:
        """The same for the images at these indices."""
        return self if self.groups is None else replace(self, groups=self.groups.take(indices))


def divide(
    labels: np.ndarray, class_names: Sequence[str], validation: float | int, test: float | int, drawing: Drawing
) -> Division:
    """Divides images once for all: the test is drawn first, and the validation from the rest.

    Args:
        labels: Classes of all images, shape `(images,)`.
        class_names: Names in the order of the labels, for error messages.
        validation: A fraction below 1 of all the images, or a count; 0 for none.
        test: The same; the count of a fraction is rounded up, as in scikit-learn.
        drawing: How they are drawn.

    Raises:
        DataError: No image would be left to train on, or a class would have none in one of the splits. Where groups
            are kept whole, only the training images need every class.
    """
    tested = np.array([], np.int64)
    if test:
        count = math.ceil(round(len(labels) * test, 6)) if isinstance(test, float) else test
        tested = _drawn(labels, count, drawing, "test", class_names, splits_after=bool(validation))
    division = _validated(labels, tested, validation, drawing, class_names)
    lacking = missing_classes(labels, division, len(class_names))
    if drawing.groups is not None:
        lacking = {split: classes for split, classes in lacking.items() if split == "train"}
    for split, classes in lacking.items():
        count = int(np.bincount(labels, minlength=len(class_names))[classes[0]])
        more = f" (and {counted(len(classes) - 1, 'more class')})" if len(classes) > 1 else ""
        hint = "the images are in the order of their classes; remove 'stratify: false'"
        if drawing.stratify:
            hint = _enough(labels, class_names, tested, validation, drawing, split)
        images = counted(count, "image")
        raise DataError(
            f"of the {images} of the class {class_names[classes[0]]} none is in the {split} split{more}", hint
        )
    return division


def _validated(
    labels: np.ndarray,
    tested: np.ndarray,
    validation: float | int,
    drawing: Drawing,
    class_names: Sequence[str] | None = None,
) -> Division:
    """The division with these test images, and validation images drawn from the rest."""
    rest, validated = np.setdiff1d(np.arange(len(labels)), tested), np.array([], np.int64)
    if validation:
        count = _count(len(labels), validation)
        validated = rest[_drawn(labels[rest], count, drawing.take(rest), "validation", class_names)]
    return Division(np.setdiff1d(rest, validated), validated, tested)


def missing_classes(labels: np.ndarray, division: Division, classes: int) -> dict[str, list[int]]:
    """The classes without an image in a split that has any, by split."""
    parts = {"train": division.train, "validation": division.validation, "test": division.test}
    lacking = {
        split: np.flatnonzero(np.bincount(labels[indices], minlength=classes) == 0).tolist()
        for split, indices in parts.items()
        if len(indices)
    }
    return {split: some for split, some in lacking.items() if some}


def validation_indices(
    labels: np.ndarray, part: float | int, drawing: Drawing, class_names: Sequence[str] | None = None
) -> np.ndarray:
    """Chooses the training images to validate on: sorted indices into `labels`, int64.

    `part` is a fraction below 1, or a count. Without `stratify` the last images are taken, as Keras does.

    Raises:
        DataError: No image would be left to train on, or a class would have none on one side.
    """
    return _drawn(labels, _count(len(labels), part), drawing, "validation", class_names)


def _count(total: int, part: float | int) -> int:
    return round(total * part) if isinstance(part, float) else part


def _drawn(
    labels: np.ndarray,
    count: int,
    drawing: Drawing,
    split: str,
    class_names: Sequence[str] | None = None,
    splits_after: int = 0,
) -> np.ndarray:
    """Sorted indices of this number of images; `splits_after` is the number of splits to draw from the others."""
    total = len(labels)
    if not 0 < count < total:
        images = counted(count, f"{split} image")
        message = (
            f"{images} of {total:,} leave no image for the other splits" if count else f"no image is left for {split}"
        )
        raise DataError(message, f"set data.split.{split} to {_limits(1, total - 1 - splits_after)}")
    if drawing.groups is not None:
        return _drawn_in_groups(labels, count, drawing, drawing.groups, split, splits_after)
    if not drawing.stratify:
        return np.arange(total - count, total)
    _require_room(count, total, len(np.unique(labels)), split, splits_after)
    from sklearn.model_selection import train_test_split

    try:
        _, indices = train_test_split(np.arange(total), test_size=count, stratify=labels, random_state=drawing.seed)
    except ValueError as error:
        counts = np.bincount(labels)
        rare = [label for label in np.unique(labels).tolist() if counts[label] < 2]
        reason = f"{error}"
        if class_names and rare:
            reason = f"the class {class_names[rare[0]]} has 1 image for {split} and training"
        raise DataError(
            f"the images cannot be divided so that every class is on both sides: {reason}", _ADD_IMAGES
        ) from None
    return np.sort(indices)


def _limits(least: int, most: int) -> str:
    return f"a number from {least} to {most}" if most > least else f"{least}"


def _require_room(count: int, total: int, classes: int, split: str, splits_after: int) -> None:
    """Refuses splits with fewer images than there are classes."""
    if min(count, total - count) >= classes:
        return
    side, images = (split, count) if count < classes else ("training", total - count)
    most = total - classes * (1 + splits_after)
    hint = "add images, keep fewer for the other splits, or choose fewer classes with data.classes"
    if most >= classes:
        hint = f"set data.split.{split} to {_limits(classes, most)}"
    raise DataError(f"{counted(images, f'{side} image')} cannot hold one of each of the {classes} classes", hint)


def _drawn_in_groups(
    labels: np.ndarray, count: int, drawing: Drawing, groups: Groups, split: str, splits_after: int
) -> np.ndarray:
    sizes = np.bincount(groups.of_image, minlength=len(groups.names))
    number, largest = int((sizes > 0).sum()), int(sizes.argmax())
    if number < 2 + splits_after:
        needed = f"at least {2 + splits_after} are needed, for {split} and training"
        needed += ", and one more for validation" * bool(splits_after)
        raise DataError(
            f"the images are in {counted(number, 'group')}, such as '{groups.names[largest]}'; {needed}",
            "change data.split.group, so that it makes smaller groups",
        )
    indices = drawn_groups(
        labels, groups, count, stratify=drawing.stratify, seed=drawing.seed, splits_after=splits_after
    )
    if not len(indices):
        raise DataError(
            f"no group can be kept for {split}: each is the only one with images of its class, "
            f"such as '{groups.names[largest]}'",
            "change data.split.group: a group should have images of several classes, or a class several groups",
        )
    if 2 * len(indices) < count:
        raise DataError(
            f"the group '{groups.names[largest]}' has {sizes[largest]:,} of {counted(len(labels), 'image')}: "
            f"{len(indices):,} remain for {split} in place of {count:,}",
            f"change data.split.group, so that it makes smaller groups, or set data.split.{split} to {len(indices)}",
        )
    return indices


def _enough(
    labels: np.ndarray,
    class_names: Sequence[str],
    tested: np.ndarray,
    validation: float | int,
    drawing: Drawing,
    split: str,
) -> str:
    """How to have every class in a split: the first of some larger sizes that does it, or more images."""
    total = len(labels)
    size = len(tested) if split == "test" else _count(total, validation)
    validated = _count(total, validation) if validation else 0
    while split != "train" and size < total // 2:
        size += max(1, size // 8)
        try:
            if split == "test":
                division = _validated(labels, _drawn(labels, size, drawing, "test"), validated, drawing)
            else:
                division = _validated(labels, tested, size, drawing)
        except DataError:
            break
        if not missing_classes(labels, division, len(class_names)).keys() & {split, "train"}:
            return f"set data.split.{split} to {size}, {_ADD_IMAGES}"
    return _ADD_IMAGES
