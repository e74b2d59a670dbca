"""Divides images into those that train, validate and test: stratified, seeded, written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnncli.data.groups import Groups, drawn_groups
from cnncli.errors import DataError
from cnncli.wording import counted

_MANY = 10
"""Classes; where there are more, and more than half as many as images, the labels may be something else."""


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

    Every class keeps images to train on. One that has too few, or more classes than a split has images, are missing
    from validation or test.

    Args:
        labels: Classes of all images, shape `(images,)`.
        class_names: Names in the order of the labels, for error messages.
        validation: A fraction below 1 of all the images, or a count; 0 for none.
        test: The same; the count of a fraction is rounded up, as in scikit-learn.
        drawing: How they are drawn.

    Raises:
        DataError: A split would have no image, or the training none of a class.
    """
    tested = validated = np.array([], np.int64)
    if test:
        count = math.ceil(round(len(labels) * test, 6)) if isinstance(test, float) else test
        tested = _drawn(labels, count, drawing, "test", class_names, splits_after=bool(validation))
    rest = np.setdiff1d(np.arange(len(labels)), tested)
    if validation:
        count = _count(len(labels), validation)
        validated = rest[_drawn(labels[rest], count, drawing.take(rest), "validation", class_names)]
    return Division(np.setdiff1d(rest, validated), validated, tested)


def missing_classes(labels: np.ndarray, classes: int) -> list[int]:
    """The classes that none of the images of a split has.

    Example:
        >>> missing_classes(np.array([0, 2, 2]), 4)
        [1, 3]
    """
    missing: list[int] = np.flatnonzero(np.bincount(labels, minlength=classes) == 0).tolist()
    return missing


def validation_indices(
    labels: np.ndarray, part: float | int, drawing: Drawing, class_names: Sequence[str]
) -> np.ndarray:
    """Chooses the training images to validate on: sorted indices into `labels`, int64.

    `part` is a fraction below 1, or a count. Without `stratify` the last images are taken, as Keras does.

    Raises:
        DataError: No image would be left to validate on, or none of a class to train on.
    """
    return _drawn(labels, _count(len(labels), part), drawing, "validation", class_names)


def _count(total: int, part: float | int) -> int:
    return max(1, round(total * part)) if isinstance(part, float) else part


def _drawn(
    labels: np.ndarray, count: int, drawing: Drawing, split: str, class_names: Sequence[str], splits_after: int = 0
) -> np.ndarray:
    """Sorted indices of this number of images; `splits_after` is the number of splits to draw from the others."""
    _require_room(count, len(labels), 1 if drawing.groups else len(np.unique(labels)), split, splits_after)
    if drawing.groups is not None:
        indices = _drawn_in_groups(labels, count, drawing, drawing.groups, split, splits_after)
    elif drawing.stratify:
        return _stratified(labels, count, drawing.seed, splits_after)
    else:
        indices = np.arange(len(labels) - count, len(labels))
    left = np.bincount(np.delete(labels, indices), minlength=len(class_names))
    lost = [label for label in np.unique(labels).tolist() if not left[label]]
    if lost:
        more = f" (and {counted(len(lost) - 1, 'more class')})" if len(lost) > 1 else ""
        size = int((labels == lost[0]).sum())
        images = "the only image" if size == 1 else f"all {size:,} images"
        raise DataError(
            f"the {split} split takes {images} of the class {class_names[lost[0]]}{more}: none is left to train on",
            "the images are in the order of their classes; remove 'stratify: false'",
        )
    return indices


def _require_room(count: int, total: int, classes: int, split: str, splits_after: int) -> None:
    """Refuses a number of images that leaves too few: one of each class to train on, and one for the next split."""
    most = total - classes - splits_after
    if 0 < count <= most:
        return
    needed = f"the training needs {classes:,}" + ", one of each class" * (classes > 1)
    needed += ", and the validation one more" * bool(splits_after)
    leave = "leaves" if count == 1 else "leave"
    message = f"{counted(count, f'{split} image')} of {total:,} {leave} too few for the rest: {needed}"
    hint = f"set data.split.{split} to {f'a number from 1 to {most:,}' if most > 1 else most}"
    if most < 1:
        without = split == "validation" or (splits_after and not most)
        hint = "add images" + ", or set data.split.validation to 0 for none" * bool(without)
    if classes > _MANY and 2 * classes > total:
        hint += f"; if the {classes:,} labels are numbers such as prices or ages, they are not classes"
    raise DataError(message, hint)


def _stratified(labels: np.ndarray, count: int, seed: int, splits_after: int) -> np.ndarray:
    """Sorted indices of images that are of every class as near to its share as whole images permit.

    They are those that scikit-learn draws, unless that leaves out a class or all but takes it up. Then each class has
    one image at least, where there are that many, and keeps one for each of the other splits, training first.

    Source:
        The number of images of each class: A. Sainte-Laguë, "La représentation proportionnelle et la méthode des
        moindres carrés", 1910.
    """
    total, sizes = len(labels), np.bincount(labels)
    kept = np.clip(sizes - 1, np.minimum(sizes, 1), 1 + splits_after)  # (classes,)
    classes = int((sizes > 0).sum())
    if min(count, total - count) >= classes and (sizes != 1).all():
        indices = _drawn_by_class(labels, count, seed)
        drawn = np.bincount(labels[indices], minlength=len(sizes))
        if ((drawn > 0) & (sizes - drawn >= kept))[sizes > 0].all():
            return np.sort(indices)
    if (sizes - kept).sum() < count:
        kept = np.minimum(sizes, 1)
    random = np.random.default_rng(seed)
    shuffled = random.permutation(total)
    ordered = shuffled[np.argsort(labels[shuffled], kind="stable")]  # class by class
    of = labels[ordered]
    place = np.arange(total) - (np.cumsum(sizes) - sizes)[of]  # within the class
    free = place < (sizes - kept)[of]
    first = (place == 0) & free & (count >= (free & (place == 0)).sum())
    best = np.lexsort((random.permutation(total), np.where(first, 0, (place + 0.5) / sizes[of]), ~free))
    return np.sort(ordered[best[:count]])


def _drawn_by_class(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Indices in the shares of the classes: the test images of `sklearn.model_selection.train_test_split`.

    They are drawn here, because no version of scikit-learn shall change a division, and its import takes longer than
    many a training of an epoch.
    """
    random = np.random.RandomState(seed)
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    rest = _shares(sizes, len(labels) - count, random)
    taken = _shares(sizes - rest, count, random)
    of_classes = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    shuffled = [indices[random.permutation(len(indices))] for indices in of_classes]
    return np.concatenate([each[k : k + n] for each, k, n in zip(shuffled, rest, taken, strict=True)])


def _shares(sizes: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """How many of each class are drawn: whole shares, and one more for the largest remainders, by lot where equal."""
    exact = sizes / sizes.sum() * count
    whole = np.floor(exact)
    remainders, missing = exact - whole, int(count - whole.sum())
    for remainder in np.unique(remainders)[::-1]:
        if missing <= 0:
            break
        (equal,) = np.nonzero(remainders == remainder)
        chosen = random.choice(equal, size=min(len(equal), missing), replace=False)
        whole[chosen] += 1
        missing -= len(chosen)
    return whole.astype(np.int64)


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
