"""Images made smaller as they are put into batches, for the epochs of a training on smaller images."""

from __future__ import annotations

import numpy as np

from cnncli.data.pipeline import Read
from cnncli.startup import tf


def smaller(read: Read, shape: tuple[int, int, int], size: tuple[int, int]) -> Read:
    """Reads images as another reader does, and makes them smaller.

    Args:
        read: Reads images of `shape`, uint8.
        shape: Their height, width and channels.
        size: Height and width to make of them.

    Returns:
        A reader to `(batch, *size, channels)` uint8.
    """
    height, width, channels = shape
    rows, columns = (tf.constant(_weights(*sides)) for sides in zip((height, width), size, strict=True))

    def read_smaller(indices: tf.Tensor) -> tf.Tensor:
        images = tf.cast(read(indices), tf.float32)
        low = tf.matmul(rows, tf.reshape(images, [-1, height, width * channels]))  # (batch, new height, w * channels)
        turned = tf.transpose(tf.reshape(low, [-1, size[0], width, channels]), [0, 2, 1, 3])
        small = tf.matmul(columns, tf.reshape(turned, [-1, width, size[0] * channels]))
        small = tf.transpose(tf.reshape(small, [-1, size[1], size[0], channels]), [0, 2, 1, 3])
        return tf.cast(tf.round(small), tf.uint8)  # (batch, new height, new width, channels)

    return read_smaller


def _weights(length: int, new: int) -> np.ndarray:
    """How much each pixel of a row counts in each pixel of a shorter one: `(new, length)` float32.

    The triangle filter, as wide as two of the new pixels: what Pillow does for `bilinear`.
    """
    scale = length / new
    centres = (np.arange(new) + 0.5) * scale - 0.5  # (new,)
    weights = np.maximum(0, 1 - np.abs(np.arange(length) - centres[:, None]) / scale)  # (new, length)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
