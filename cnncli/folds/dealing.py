"""Divides images into folds: each class evenly, groups whole, from the seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnncli.data.groups import Groups
from cnncli.data.split import Drawing
from cnncli.errors import DataError
from cnncli.wording import counted, some


def fold_numbers(labels: np.ndarray, folds: int, drawing: Drawing, class_names: Sequence[str]) -> np.ndarray:
    """Deals images to folds.

    Without groups, the numbers of images of a class in two folds differ by at most 1, and so do those of all images.
    Without `stratify` each fold is a part of the images in their order. Groups are dealt whole: large ones first, each
    to the fold in which its classes are the furthest from their shares.

    Args:
        labels: Classes of all images, shape `(images,)`, int64.
        folds: Number of folds.
        drawing: How they are dealt.
        class_names: Names in the order of the labels, for error messages.

    Returns:
        The fold of each image, from 0, shape `(images,)`, int64.

    Raises:
        DataError: There are too few images or groups, or a fold would test a class that it cannot train on.

    Source:
        The greedy choice resembles that of scikit-learn's StratifiedGroupKFold, which may leave a fold empty.
    """
    units = len(labels) if drawing.groups is None else len(np.unique(drawing.groups.of_image))
    if units < folds:
        kind = "image" if drawing.groups is None else "group"
        hint = f"use --folds {units}" if units > 1 else "add images"
        if drawing.groups is not None:
            hint += ", or change data.split.group, so that it makes smaller groups"
        raise DataError(f"{folds} folds need at least {folds} {kind}s; got {units:,}", hint)
    if drawing.groups is not None:
        numbers = _groups_dealt(labels, folds, drawing.groups, drawing.seed)
    elif drawing.stratify:
        shuffled = np.random.default_rng(drawing.seed).permutation(len(labels))
        by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
        numbers = np.empty(len(labels), np.int64)
        numbers[by_class] = np.arange(len(labels)) % folds
    else:
        numbers = np.arange(len(labels)) * folds // len(labels)
    _require_trainable(labels, numbers, drawing, class_names)
    return numbers


def _groups_dealt(labels: np.ndarray, folds: int, groups: Groups, seed: int) -> np.ndarray:
    _, members = np.unique(groups.of_image, return_inverse=True)  # (images,)
    sizes, classes = np.bincount(members), int(labels.max()) + 1
    of_groups = np.zeros((len(sizes), classes))
    np.add.at(of_groups, (members, labels), 1)
    share = of_groups.sum(axis=0) / folds  # (classes,)
    scale = np.maximum(share, 1)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")].tolist()
    dealt, images, fold_of = np.zeros((folds, classes)), np.zeros(folds), np.empty(len(sizes), np.int64)
    for position, group in enumerate(order):
        empty = images == 0
        open_to = np.flatnonzero(empty if empty.sum() >= len(order) - position else np.ones(folds, bool))
        lacking = share - dealt[open_to]  # (folds, classes)
        gain = (of_groups[group] * (2 * lacking - of_groups[group]) / scale).sum(axis=1)
        best = open_to[np.lexsort((images[open_to], -gain))[0]]
        dealt[best] += of_groups[group]
        images[best] += sizes[group]
        fold_of[group] = best
    return fold_of[members]


def _require_trainable(labels: np.ndarray, numbers: np.ndarray, drawing: Drawing, class_names: Sequence[str]) -> None:
    """Refuses a division in which a fold has all images of a class to test on, and none to train on."""
    alone = [label for label in np.unique(labels).tolist() if len(np.unique(numbers[labels == label])) == 1]
    if not alone:
        return
    name, images = class_names[alone[0]], int((labels == alone[0]).sum())
    more = f" (and {counted(len(alone) - 1, 'more class')})" if len(alone) > 1 else ""
    leave = "or leave the class out with data.classes"
    if drawing.groups is not None:
        of = len(np.unique(drawing.groups.of_image[labels == alone[0]]))
        where = "in a single group" if of == 1 else f"in {of:,} groups that fall into one fold"
        hint = f"use fewer folds, change data.split.group, so that it makes smaller groups, {leave}"
        message = f"all images of the class {name}{more} are {where}: its fold has none to train on"
    elif drawing.stratify or images == 1:
        message = f"the class {name}{more} has a single image: the fold that tests it has none to train on"
        hint = f"add images of it, {leave}"
    else:
        message = f"one fold has all images of the class {name}{more}, and none to train on"
        hint = "the images are in the order of their classes; remove 'stratify: false'"
    raise DataError(message, hint)


def uneven(labels: np.ndarray, numbers: np.ndarray, folds: int, class_names: Sequence[str]) -> str:
    """A warning about classes that some folds do not test; empty if there are none."""
    cells = np.bincount(labels * folds + numbers, minlength=len(class_names) * folds).reshape(-1, folds)
    tested = (cells > 0).sum(axis=1)  # (classes,)
    rare = np.flatnonzero((tested > 0) & (tested < folds))
    if not len(rare):
        return ""
    fewer = f"; with --folds {tested[rare].min()} each fold may test all classes" if tested[rare].min() > 1 else ""
    names = some([class_names[label] for label in rare.tolist()])
    return f"warning: fewer images or groups than folds: {names}; some folds test none of them{fewer}"
