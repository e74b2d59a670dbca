"""Divides training images into those that train and those that validate: stratified, seeded, written down."""

from __future__ import annotations

import numpy as np

from cnncli.errors import DataError


def validation_indices(labels: np.ndarray, part: float | int, stratify: bool, seed: int) -> np.ndarray:
    """Chooses the images to validate on.

    Args:
        labels: classes of the training images, shape `(images,)`.
        part: a fraction below 1, or a count.
        stratify: keep the proportions of the classes; without it the last images are taken, as Keras does.
        seed: the same seed chooses the same images.

    Returns:
        Sorted indices into `labels`, int64.

    Raises:
        DataError: no image would be left to train on, or a class would have none on one side.
    """
    total = len(labels)
    count = round(total * part) if isinstance(part, float) else part
    if not 0 < count < total:
        raise DataError(
            f"{count} validation images of {total} leave nothing on one side", "change data.split.validation"
        )
    if not stratify:
        return np.arange(total - count, total)
    from sklearn.model_selection import train_test_split

    try:
        _, chosen = train_test_split(np.arange(total), test_size=count, stratify=labels, random_state=seed)
    except ValueError as error:
        raise DataError(f"the images cannot be divided so that every class is on both sides: {error}") from None
    return np.sort(chosen)
