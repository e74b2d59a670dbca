"""Views of images that were computed before, in place of drawing new ones in each epoch."""

from __future__ import annotations

from cnncli.data.pipeline import Read
from cnncli.startup import tf


class ViewsInTurn:
    """Puts views of images, which were computed before, in the place of their numbers; each epoch takes another.

    Args:
        read: Reads views: all images of the first view, then those of the next.
        views: Number of views of each image.
        images: Number of images.
        first_epoch: The epoch that takes the first view.
    """

    mixes_labels = False

    def __init__(self, read: Read, views: int, images: int, first_epoch: int) -> None:
        self._read, self._views, self._images, self._first_epoch = read, views, images, first_epoch

    def __call__(
        self, images: tf.Tensor, targets: tf.Tensor, indices: tf.Tensor, epoch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """`(batch,)` → `(batch, …)`, by the places of the images in the epoch."""
        return self._read((epoch - self._first_epoch) % self._views * self._images + indices), targets
