"""The orders in which epochs go through images: all of them shuffled, or those of some tar shards at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from cnncli.startup import tf

Order = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Gives the images at some positions of an epoch by their indices, inside TensorFlow: a pure function of both."""


def all_shuffled(total: int, seed: int) -> Order:
    """All images in a random order, another one in each epoch, computed image by image."""

    def shuffled(positions: tf.Tensor, epoch: tf.Tensor) -> tf.Tensor:
        key = tf.cast(tf.stack([tf.constant(seed, tf.int64), epoch]), tf.int64)
        return tf.random.experimental.index_shuffle(positions, seed=key, max_index=total - 1)

    return shuffled


class InWindows:
    """An order in which only a few shards are read at a time.

    In each epoch the shards are put in a random order and divided into windows of some shards; the images of a window
    are shuffled among themselves. All of it follows from `(seed, epoch)` and the shards.

    Args:
        shards: The number of each image's shard, int64, shape `(images,)`.
        window: How many shards are shuffled together.
        seed: Seed of the order.
        follow: Receives the numbers of the shards in the order of the epoch that is read, and the first ones of the
            next.
    """

    def __init__(
        self, shards: np.ndarray, window: int, seed: int, follow: Callable[[Sequence[int]], None] = lambda order: None
    ) -> None:
        self._numbers, self._shards = np.unique(shards, return_inverse=True)
        self._window, self._seed, self._follow = window, seed, follow
        self._followed = -1
        self._order = lru_cache(maxsize=2)(self._order_of)  # two epochs may be read at a time

    def __call__(self, positions: tf.Tensor, epoch: tf.Tensor) -> tf.Tensor:
        """The images at some positions, as an `Order`."""
        return tf.ensure_shape(tf.numpy_function(self.places, [positions, epoch], tf.int64, stateful=False), [None])

    def places(self, positions: np.ndarray, epoch: int) -> np.ndarray:
        """The same outside of TensorFlow: int64, of the shape of the positions."""
        epoch = int(epoch)
        if epoch > self._followed:
            self._followed = epoch
            order = [*self._shards_of(epoch), *self._shards_of(epoch + 1)[: 2 * self._window]]
            self._follow(self._numbers[order].tolist())
        return np.asarray(self._order(epoch)[positions])

    def _shards_of(self, epoch: int) -> np.ndarray:
        """The shards in the order of an epoch, as indices into all of them."""
        return np.argsort(self._drawn(epoch, 0, len(self._numbers)), kind="stable")

    def _order_of(self, epoch: int) -> np.ndarray:
        shards = self._shards_of(epoch)
        window_of = np.empty(len(shards), np.int64)
        window_of[shards] = np.arange(len(shards)) // self._window
        drawn = self._drawn(epoch, 1, len(self._shards))
        return np.lexsort((drawn, window_of[self._shards]))  # (images,)

    def _drawn(self, epoch: int, purpose: int, count: int) -> np.ndarray:
        """Random numbers, uint64, which are the same with every version of NumPy."""
        seed = self._seed % 2**64
        return np.random.Philox(key=np.array([seed, 2 * epoch + purpose], np.uint64)).random_raw(count)
