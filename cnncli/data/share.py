"""The part of every batch that one of several processes makes: the images of its own devices.

An image does not depend on the others of its batch, except where MixUp or CutMix takes it together with one of them:
there every process makes all images, and keeps its own.
"""

from __future__ import annotations

from collections.abc import Callable

from cnncli.data.pipeline import Change, Read
from cnncli.startup import tf

Share = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""The first row of a batch that a process needs and the one after the last, from the number of rows; scalars int32."""


def shared(share: Share, read: Read, change: Change | None = None) -> tuple[Read, Change | None]:
    """A reader and a change that give the images of a share alone, but the targets of the whole batch.

    Args:
        share: The rows of a batch that are needed.
        read: Reads all images of a batch.
        change: Changes them.
    """

    def read_own(indices: tf.Tensor) -> tf.Tensor:
        return read(_own(share, indices))

    if change is None:
        return read_own, None
    return read if change.mixes_labels else read_own, _ChangeOfOwn(share, change)


class _ChangeOfOwn:
    """A change of the images of a share."""

    def __init__(self, share: Share, change: Change) -> None:
        self._share, self._change, self.mixes_labels = share, change, change.mixes_labels

    def __call__(
        self, images: tf.Tensor, targets: tf.Tensor, indices: tf.Tensor, epoch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Images of the share, and targets of the batch."""
        if self.mixes_labels:
            images, targets = self._change(images, targets, indices, epoch)
            return _own(self._share, images), targets
        own = _own(self._share, targets), _own(self._share, indices)
        return self._change(images, *own, epoch)[0], targets


def _own(share: Share, values: tf.Tensor) -> tf.Tensor:
    first, end = share(tf.shape(values)[0])
    return values[first:end]
