"""Draws images beside their augmented versions, exactly as a training sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnncli.data.augment import Augmentation
from cnncli.data.pipeline import encode, epoch_indices
from cnncli.errors import DataError
from cnncli.report.plots.samples import draw_preview
from cnncli.runner.inputs.splits import Notice, load_splits
from cnncli.runs import writing
from cnncli.spec.schema import Spec

VERSIONS = 4
"""Augmented versions of each image: those of the first epochs."""


def preview(spec: Spec, path: Path, notice: Notice, most: int = 10) -> int:
    """Draws one training image of each class beside its augmented versions.

    Args:
        spec: Spec with or without augmentation.
        path: PNG file to write.
        notice: Receives a line about each download.
        most: Number of classes shown; the first ones of more.

    Returns:
        The number of classes.

    Raises:
        DataError: The images cannot be loaded, or a class has no training images.
    """
    splits = load_splits(spec.data, spec.seed, notice=notice)
    names, train = splits.class_names, splits.samples["train"]
    shown = names[:most]
    firsts = []
    for label in range(len(shown)):
        of_class = np.flatnonzero(train.labels == label)
        if not len(of_class):
            raise DataError(f"the class {names[label]} has no training images")
        firsts.append(of_class[0])
    indices = np.array(firsts, dtype=np.int64)
    originals = train.read(indices)
    targets = encode(train.labels[indices], "one_hot", len(names))
    in_epoch = epoch_indices(train.labels, len(names), spec.train.sampling)
    places = np.array([np.flatnonzero(in_epoch == index)[0] for index in indices])
    versions = _versions(spec, originals, targets, places, splits.shape)
    with writing(path) as aside:
        draw_preview(originals, versions, shown, aside)
    return len(names)


def _versions(
    spec: Spec, originals: np.ndarray, targets: np.ndarray, places: np.ndarray, shape: tuple[int, int, int]
) -> list[np.ndarray]:
    """The images of each epoch as the training sees them, uint8 `(images, height, width, channels)`."""
    from cnncli.startup import tf

    if not spec.augment:
        return []
    augmentation = Augmentation(spec.augment, shape, spec.seed)
    versions = []
    for epoch in range(VERSIONS):
        images, _ = augmentation(
            tf.constant(originals), tf.constant(targets), tf.constant(places), tf.constant(epoch, tf.int64)
        )
        versions.append(np.clip(np.rint(np.asarray(images)), 0, 255).astype(np.uint8))
    return versions
