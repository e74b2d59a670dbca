"""Labels as arrays have them (numbers, one-hot rows or words) as indices into class names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cnncli.data.decode.pixels import as_images
from cnncli.data.names.classes import Classes, in_classes
from cnncli.data.samples import ImageData, Samples
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.wording import in_counting_order, some


class EncodedLabels(NamedTuple):
    """Labels of all splits, int64 of shape `(images,)`; -1 for a foreign class, one that the training images lack."""

    class_names: tuple[str, ...]
    labels: Mapping[str, np.ndarray]
    foreign: Mapping[str, Mapping[str, int]]  # for a split, the number of images of each such class


def encoded_labels(
    arrays: Mapping[str, np.ndarray], names: Sequence[str] | None, where: str, of_all_splits: bool = False
) -> EncodedLabels:
    """The labels of all splits as indices into the class names: those of the training images, or of all images.

    Labels are whole numbers or words `(images,)` or `(images, 1)`, or one-hot `(images, classes)`. Without `names` of
    the labels 0, 1, 2 …, words are class names, and numbers are called as they are written.

    Raises:
        DataError: Something else is among the labels, or a class of `names` has no training image.
    """
    values = {split: _values(array, f"{where}: {split}") for split, array in arrays.items()}
    if len({array.dtype.kind == "U" for array in values.values()}) > 1:
        raise DataError(f"{where} has words as labels in one split and numbers in another")
    unique_labels = {split: np.unique(array) for split, array in values.items()}
    if names is None:
        named = unique_labels.values() if of_all_splits else [unique_labels["train"]]
        classes = tuple(sorted({str(value) for unique in named for value in unique}, key=in_counting_order))
    else:
        classes = tuple(names)
        _require_names(unique_labels, classes, where)
    text = {split: [_name(value, names) for value in unique] for split, unique in unique_labels.items()}
    lacking = [] if of_all_splits else [name for name in classes if name not in text["train"]]
    if lacking:
        raise DataError(f"{where}: no training image is of the class {some(lacking)}")
    index = {name: position for position, name in enumerate(classes)}
    labels, foreign = {}, {}
    for split, unique in unique_labels.items():
        new = np.array([index.get(name, -1) for name in text[split]], np.int64)
        labels[split] = new[np.searchsorted(unique, values[split])]  # (images,)
        images = np.bincount(np.searchsorted(unique, values[split])).tolist()  # of each label
        if others := {name: count for name, count in zip(text[split], images, strict=True) if name not in index}:
            foreign[split] = others
    return EncodedLabels(classes, labels, foreign)


def labelled_images(
    images: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    classes: Classes,
    white: float | None,
    where: str,
    notice: Notice = ignore,
) -> ImageData[Samples]:
    """The images and labels of a source of arrays, by split; `classes` names its labels or chooses among them.

    Without training images every class that there is is kept.
    """
    words = any(array.dtype.kind in "SU" for array in labels.values())  # they have their names already
    names = None if words else _names_of_labels(classes)
    chooses = classes is not None and names is None
    encoded = encoded_labels(labels, names, where, of_all_splits=chooses or "train" not in labels)
    pixels = as_images(images, white, where, notice)
    splits = {}
    for split, of_split in pixels.items():
        samples = Samples.numbered(of_split, encoded.labels[split])
        known = np.flatnonzero(samples.labels >= 0)
        splits[split] = samples if len(known) == len(samples) else samples.take(known)
    data = ImageData(encoded.class_names, splits, (), encoded.foreign)
    return in_classes(data, classes, where) if chooses or "train" not in splits else data


def _names_of_labels(classes: Classes) -> Sequence[str] | None:
    """The words of `data.classes`, which name the labels 0, 1, 2 …; None where it chooses among numbers instead."""
    if classes is None or isinstance(classes, Mapping) or all(str(name).isdecimal() for name in classes):
        return None
    return [str(name) for name in classes]


def _name(value: object, names: Sequence[str] | None) -> str:
    return str(value) if names is None or isinstance(value, str) else names[int(str(value))]


def _require_names(unique_labels: Mapping[str, np.ndarray], names: tuple[str, ...], where: str) -> None:
    if len(set(names)) < len(names):
        raise DataError(f"data.classes has {some([n for n in dict.fromkeys(names) if names.count(n) > 1])} twice")
    for split, unique in unique_labels.items():
        if unique.dtype.kind != "U" and unique[-1] >= len(names):
            raise DataError(
                f"{where}: {split} has the label {unique[-1]}, and data.classes names {len(names)}, from 0 on"
            )


def _values(array: np.ndarray, where: str) -> np.ndarray:
    """Labels as an array `(images,)` of int64 or of text."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if not len(array):
        raise DataError(f"{where} has no labels")
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind == "U" and array.ndim == 1:
        words = np.char.strip(array)
        if (words == "").any():
            raise DataError(f"{where}: label {int(np.argmax(words == ''))} is empty")
        return words
    if array.dtype.kind not in "buif" or array.ndim not in (1, 2):
        raise DataError(
            f"{where} has labels of the type {array.dtype} and the shape {array.shape}",
            "expected whole numbers or words (images,), or one-hot rows (images, classes)",
        )
    if array.ndim == 2:
        return _from_one_hot(array, where)
    odd = ~np.isfinite(array) | (array != np.rint(array)) | (array < 0) if array.dtype.kind in "if" else None
    if odd is not None and odd.any():
        first = int(np.argmax(odd))
        raise DataError(f"{where}: label {first} is {array[first]}", "expected a whole number of 0 or more")
    return array.astype(np.int64)


def _from_one_hot(array: np.ndarray, where: str) -> np.ndarray:
    good = ((array == 0) | (array == 1)).all(axis=1) & (array.sum(axis=1) == 1)
    if not good.all():
        first = int(np.argmin(good))
        raise DataError(
            f"{where}: label {first} is {some([f'{value:g}' for value in array[first]])}",
            "a one-hot label is a single 1 among zeros; several classes at once, or shares of them, are not supported",
        )
    return np.argmax(array, axis=1).astype(np.int64)
