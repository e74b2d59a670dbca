"""Samples → tf.data batches. A training batch is a pure function of the step, so any step can be the first."""

from __future__ import annotations

from math import ceil

import numpy as np
import tensorflow as tf

from cnncli.data.samples import Samples


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Steps in one pass; the last batch may be smaller."""
    return ceil(images / batch_size)


def encode(labels: np.ndarray, encoding: str, classes: int) -> np.ndarray:
    """Labels as a loss takes them.

    Args:
        labels: classes as indices, shape `(images,)`.
        encoding: `sparse`, `one_hot`, or `binary` for one output that tells two classes apart.
        classes: how many there are.

    Returns:
        `(images,)` int64, `(images, classes)` float32 or `(images, 1)` float32.
    """
    if encoding == "one_hot":
        return np.eye(classes, dtype=np.float32)[labels]  # (images, classes)
    if encoding == "binary":
        return labels.astype(np.float32)[:, None]  # (images, 1)
    return labels


def training_batches(
    samples: Samples,
    targets: np.ndarray,
    weights: np.ndarray | None,
    batch_size: int,
    seed: int,
    first_step: int,
    last_step: int,
) -> tf.data.Dataset:
    """Batches from one global step to another, shuffled anew in every epoch.

    The order comes from `(seed, epoch)` alone, computed image by image with a pseudo-random permutation: no buffer
    holds images, and a training can go on at any step with the batch it would have seen.

    Args:
        samples: uint8 images.
        targets: encoded labels, one for each image.
        weights: how much each image counts in the loss, or None.
        batch_size: images in one step.
        seed: of the shuffling.
        first_step: counted from 0 over all epochs.
        last_step: not included.

    Returns:
        `(images, targets)` or `(images, targets, weights)`; images uint8 `(batch, height, width, channels)`.
    """
    total = len(samples)
    steps = steps_per_epoch(total, batch_size)
    images_tensor, targets_tensor = tf.constant(samples.images), tf.constant(targets)
    weights_tensor = None if weights is None else tf.constant(weights, tf.float32)

    def batch(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        epoch, within = step // steps, step % steps
        start = within * batch_size
        positions = tf.range(start, tf.minimum(start + batch_size, total))  # (batch,)
        key = tf.cast(tf.stack([tf.constant(seed, tf.int64), epoch]), tf.int64)
        chosen = tf.random.experimental.index_shuffle(positions, seed=key, max_index=total - 1)  # (batch,)
        parts = [tf.gather(images_tensor, chosen), tf.gather(targets_tensor, chosen)]
        if weights_tensor is not None:
            parts.append(tf.gather(weights_tensor, chosen))
        return tuple(parts)

    dataset = tf.data.Dataset.range(first_step, last_step)
    return dataset.map(batch, num_parallel_calls=2, deterministic=True).prefetch(16)


def ordered_batches(samples: Samples, targets: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Every image once, in order: `(images, targets)`."""
    images_tensor, targets_tensor = tf.constant(samples.images), tf.constant(targets)
    total = len(samples)

    def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        start = step * batch_size
        end = tf.minimum(start + batch_size, total)
        return images_tensor[start:end], targets_tensor[start:end]

    return tf.data.Dataset.range(steps_per_epoch(total, batch_size)).map(batch).prefetch(4)


def class_weights(
    labels: np.ndarray, names: tuple[str, ...], wanted: dict[str, float] | str | None
) -> np.ndarray | None:
    """How much each training image counts in the loss.

    Args:
        labels: classes of the training images, shape `(images,)`.
        names: of the classes.
        wanted: `balanced` for images / (classes x images of the class), weights by class name (1 where none is
            given), or None.

    Returns:
        Shape `(images,)`, float32, or None when all count the same.
    """
    if wanted is None:
        return None
    if wanted == "balanced":
        counts = np.bincount(labels, minlength=len(names))
        per_class = len(labels) / (len(names) * np.maximum(counts, 1))
    else:
        assert isinstance(wanted, dict)
        per_class = np.array([wanted.get(name, 1.0) for name in names])
    return per_class.astype(np.float32)[labels]  # (images,)
