"""Samples → tf.data batches. A training batch is a pure function of the step, so any step can be the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log2
from typing import Protocol

import numpy as np

from cnncli.data.memory import SHARE, empty_images, fits_in_memory, shareable
from cnncli.data.orders import Order, all_shuffled
from cnncli.data.samples import FileSamples, Samples, SampleSubset
from cnncli.errors import CnncliError
from cnncli.machine import usable_cores
from cnncli.startup import tf


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Steps in one pass; the last batch may be smaller."""
    return ceil(images / batch_size)


LARGEST_BATCH = 256
"""Images evaluated in one batch at most: larger batches are hardly faster on a processor."""


def evaluation_batch_size(shape: tuple[int, int, int], batch_size: int) -> int:
    """Images evaluated in one batch; fewer of large ones, so that it needs no more memory than the training."""
    fitting = 2 ** int(log2(max(1, LARGEST_BATCH * 64 * 64 // (shape[0] * shape[1]))))
    return min(LARGEST_BATCH, max(fitting, batch_size))


def encode(labels: np.ndarray, encoding: str, classes: int) -> np.ndarray:
    """Labels `(images,)` as a loss takes them.

    They stay as they are for `sparse`, become `(images, classes)` float32 for `one_hot`, and `(images, 1)` float32 for
    `binary`, where one output tells two classes apart.
    """
    if encoding == "one_hot":
        return np.eye(classes, dtype=np.float32)[labels]  # (images, classes)
    if encoding == "binary":
        return labels.astype(np.float32)[:, None]  # (images, 1)
    return labels


class Readable(Protocol):
    """Images, or what a network makes of them, of one shape, which can be read by their indices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of each."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Those at these indices: `(len(indices), *shape)`."""


@dataclass(frozen=True)
class Rows:
    """The rows of an array, such as features of images; it may be mapped from a file."""

    values: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of each row."""
        return self.values.shape[1:]

    def __len__(self) -> int:
        return len(self.values)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The rows at these indices, a copy."""
        return self.values[indices]


_BLOCK = 1024  # images copied at a time


def is_held(samples: Readable, share: float = SHARE, item_bytes: int = 1) -> bool:
    """Whether the images of a split are few enough to be held in memory while a model trains."""
    return fits_in_memory(samples, share, item_bytes) and not isinstance(samples, FileSamples)


def _held(samples: Readable, dtype: tf.DType) -> tuple[tf.Tensor, tf.Tensor | None]:
    """The images of a split as a tensor, and the places in it of those of a subset.

    The tensor is the memory that the images are in already, wherever TensorFlow can use that; a copy otherwise.
    """
    whole, places = (samples.whole, samples.indices) if isinstance(samples, SampleSubset) else (samples, None)
    values = whole.images if isinstance(whole, Samples) else whole.values if isinstance(whole, Rows) else None
    if values is not None and values.dtype == dtype.as_numpy_dtype and (own := shareable(values)) is not None:
        return _shared(own), None if places is None else tf.constant(places)
    values = empty_images(len(samples), *samples.shape, dtype.size).view(dtype.as_numpy_dtype)[..., 0]
    for start in range(0, len(samples), _BLOCK):
        end = min(start + _BLOCK, len(samples))
        values[start:end] = samples.read(np.arange(start, end))
    return _shared(values), None


def _shared(values: np.ndarray) -> tf.Tensor:
    """The same memory as a tensor; nobody changes it."""
    return tf.experimental.dlpack.from_dlpack(values.__dlpack__())


class Reader:
    """Reads the images of a split by their indices, inside TensorFlow.

    Images that take up at most a `share` of the available memory are held there; others are read batch by batch.
    """

    def __init__(self, samples: Readable, share: float = SHARE, dtype: tf.DType = tf.uint8) -> None:
        self._samples, self._dtype = samples, dtype
        self.failure: CnncliError | None = None
        self.holds_images = is_held(samples, share, dtype.size)
        self._images: tf.Tensor | None = None
        self._places: tf.Tensor | None = None
        if self.holds_images:
            self._images, self._places = _held(samples, dtype)

    def __call__(self, indices: tf.Tensor) -> tf.Tensor:
        """`(batch,)` int64 → `(batch, height, width, channels)` uint8, or what else is read."""
        if self._images is not None:
            return tf.gather(self._images, indices if self._places is None else tf.gather(self._places, indices))
        images = tf.numpy_function(self._read, [indices], self._dtype, stateful=False)
        return tf.ensure_shape(images, [None, *self._samples.shape])

    def _read(self, indices: np.ndarray) -> np.ndarray:
        try:
            return self._samples.read(indices)
        except CnncliError as error:
            self.failure = error  # TensorFlow would make one of its own errors of it
            raise


Read = Callable[[tf.Tensor], tf.Tensor]
"""Gives images by their indices, inside TensorFlow, as a `Reader` does."""


class Change(Protocol):
    """Changes the images of a batch, as `Augmentation` does."""

    @property
    def mixes_labels(self) -> bool:
        """Whether labels change, and therefore must be one-hot."""

    def __call__(
        self, images: tf.Tensor, targets: tf.Tensor, indices: tf.Tensor, epoch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Changes one batch in an epoch."""


def epoch_indices(labels: np.ndarray, classes: int, sampling: str | None) -> np.ndarray:
    """Indices, int64, of the images that one epoch goes through, before they are shuffled.

    `balanced` sampling repeats images of the smaller classes until each has as many as the largest.
    """
    if sampling is None:
        return np.arange(len(labels))
    of_class = [np.flatnonzero(labels == label) for label in range(classes)]
    most = max(map(len, of_class))
    return np.concatenate([np.resize(indices, most) for indices in of_class if len(indices)])


Draw = Callable[[tf.Tensor], tuple[tf.Tensor, ...]]
"""Makes the batch of a global step, scalar int64 counted over all epochs, inside TensorFlow: a pure function of it."""


def training_batch(
    reader: Read,
    drawn: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None,
    batch_size: int,
    seed: int,
    augmentation: Change | None = None,
    order: Order | None = None,
) -> Draw:
    """The batch of any step, shuffled anew in every epoch.

    The order comes from `(seed, epoch)` alone, computed image by image with a pseudo-random permutation: no buffer
    holds images, and a training can resume at any step with the batch it would have seen.

    Args:
        reader: Reader of the training images.
        drawn: Indices of the images that an epoch goes through.
        targets: Encoded labels, one for each image.
        weights: Weight of each image in the loss, or None.
        batch_size: Images in one step.
        seed: Seed of the shuffling.
        augmentation: Changes each batch.
        order: Another order than that of `all_shuffled`.

    Returns:
        A function to `(images, targets)` or `(images, targets, weights)`; images uint8 or float32
        `(batch, height, width, channels)`.
    """
    total = len(drawn)
    per_epoch, shuffled = steps_per_epoch(total, batch_size), order or all_shuffled(total, seed)
    drawn_tensor, targets_tensor = tf.constant(drawn), tf.constant(targets)
    weights_tensor = None if weights is None else tf.constant(weights, tf.float32)
    mixed = None
    if weights is not None and augmentation is not None and augmentation.mixes_labels:  # as much as its classes count
        of_class = np.zeros(targets.shape[1], np.float32)
        of_class[targets.argmax(axis=1)] = weights
        mixed = tf.constant(of_class)  # (classes,)

    @tf.autograph.experimental.do_not_convert
    def batch(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        epoch, within = step // per_epoch, step % per_epoch
        start = within * batch_size
        positions = tf.range(start, tf.minimum(start + batch_size, total))  # (batch,)
        places = shuffled(positions, epoch)  # (batch,)
        indices = tf.gather(drawn_tensor, places)  # (batch,)
        images, labels = reader(indices), tf.gather(targets_tensor, indices)
        if augmentation is not None:
            images, labels = augmentation(images, labels, places, epoch)
        if weights_tensor is None:
            return images, labels
        if mixed is not None:
            return images, labels, tf.linalg.matvec(labels, mixed)
        return images, labels, tf.gather(weights_tensor, indices)

    return batch


def training_batches(draw: Draw, steps: range) -> tf.data.Dataset:
    """The batches of some global steps, made beside earlier steps."""
    dataset = tf.data.Dataset.range(steps.start, steps.stop)
    return _untuned(dataset.map(draw, num_parallel_calls=max(2, usable_cores()), deterministic=True).prefetch(4))


def ordered_batches(reader: Read, targets: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Every image once, in order: `(images, targets)`."""
    total, targets_tensor = len(targets), tf.constant(targets)

    @tf.autograph.experimental.do_not_convert
    def batch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        start = step * batch_size
        end = tf.minimum(start + batch_size, total)
        return reader(tf.range(start, end)), targets_tensor[start:end]

    return _untuned(tf.data.Dataset.range(steps_per_epoch(total, batch_size)).map(batch).prefetch(2))


def full_batches(
    reader: Read, drawn: np.ndarray, size: int, augmentation: Change | None = None, epoch: int = 0
) -> tf.data.Dataset:
    """Images in the order of their indices, as in an epoch before it is shuffled, in batches of exactly one size.

    The last batch is filled up with its last image.
    """
    total, drawn_tensor = len(drawn), tf.constant(drawn)

    @tf.autograph.experimental.do_not_convert
    def batch(step: tf.Tensor) -> tf.Tensor:
        places = tf.minimum(tf.range(step * size, (step + 1) * size), total - 1)  # (size,)
        indices = tf.gather(drawn_tensor, places)  # (size,)
        images = reader(indices)
        return (
            images if augmentation is None else augmentation(images, indices, places, tf.constant(epoch, tf.int64))[0]
        )

    return _untuned(tf.data.Dataset.range(steps_per_epoch(total, size)).map(batch).prefetch(2))


def _untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The dataset without autotuning, whose thread may hold up the end of a training for up to ten seconds.

    Nor is it rewritten, for which TensorFlow would copy the held images.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)


def class_weights(
    labels: np.ndarray, names: tuple[str, ...], setting: dict[str, float] | str | None
) -> np.ndarray | None:
    """Weight of each training image in the loss: `(images,)` float32, or None when all count the same.

    `balanced` is images / (classes x images of the class); a class without a weight by name has 1.
    """
    if setting is None:
        return None
    if setting == "balanced":
        counts = np.bincount(labels, minlength=len(names))
        per_class = len(labels) / (len(names) * np.maximum(counts, 1))
    else:
        assert isinstance(setting, dict)
        per_class = np.array([setting.get(name, 1.0) for name in names])
    return per_class.astype(np.float32)[labels]  # (images,)
