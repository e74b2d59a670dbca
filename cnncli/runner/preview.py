"""Draws images beside their augmented versions, exactly as a training sees them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from cnncli.data.augment import Augmentation
from cnncli.data.pipeline import encode, epoch_indices
from cnncli.errors import DataError
from cnncli.notices import Notice
from cnncli.report.plots.samples import draw_preview
from cnncli.runner.inputs.splits import load_splits
from cnncli.runs import writing
from cnncli.spec.schema import Spec

MOST_CLASSES = 10
VERSIONS = 4
"""Augmented versions of each image: those of the first epochs."""


def preview(spec: Spec, path: Path | None, notice: Notice) -> Image.Image:
    """Draws one training image of each class beside its augmented versions, as `cnncli.preview` says."""
    splits = load_splits(spec.data, spec.seed, notice=notice)
    names, train = splits.class_names, splits.samples["train"]
    shown = names[:MOST_CLASSES]
    if len(names) > len(shown):
        notice(f"only the first {len(shown)} of {len(names)} classes are shown")
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
    augmentation = Augmentation(spec.augment, splits.shape, spec.seed) if spec.augment else None
    versions = _versions(augmentation, originals, targets, places) if augmentation else []
    drawn = io.BytesIO()
    draw_preview(originals, versions, shown, drawn)
    if path is not None:
        with writing(path) as aside:
            aside.write_bytes(drawn.getvalue())
    return Image.open(drawn)


def _versions(
    augmentation: Augmentation, originals: np.ndarray, targets: np.ndarray, places: np.ndarray
) -> list[np.ndarray]:
    """The images of each epoch as the training sees them, uint8 `(images, height, width, channels)`."""
    from cnncli.startup import tf

    versions = []
    for epoch in range(VERSIONS):
        images, _ = augmentation(
            tf.constant(originals), tf.constant(targets), tf.constant(places), tf.constant(epoch, tf.int64)
        )
        versions.append(np.clip(np.rint(np.asarray(images)), 0, 255).astype(np.uint8))
    return versions
