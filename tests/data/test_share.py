"""A process makes its own images of a batch, the same as in the whole batch, and reads no others."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.catalog import Entry

pytestmark = pytest.mark.slow

IMAGES, BATCH, CLASSES, SHAPE = 11, 4, 3, (5, 6, 1)


class Recording:
    """Reads rows of an array, and notes how many of them."""

    def __init__(self, rows):
        self.rows, self.read = rows, []

    def __call__(self, indices):
        import tensorflow as tf

        def taken(indices):
            self.read.append(len(indices))
            return self.rows[indices]

        return tf.ensure_shape(tf.numpy_function(taken, [indices], tf.uint8), [None, *SHAPE])


def batches(entries, share):
    from cnncli.data import pipeline
    from cnncli.data.augment import Augmentation
    from cnncli.data.share import shared

    random = np.random.default_rng(0)
    read = Recording(random.integers(0, 256, (IMAGES, *SHAPE)).astype(np.uint8))
    change = Augmentation([Entry("augmentation", name, {}) for name in entries], SHAPE, 0) if entries else None
    labels = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, IMAGES)]
    weights = random.uniform(0, 2, IMAGES).astype(np.float32) if "MixUp" not in entries else None
    made = (read, change) if share is None else shared(share, read, change)
    draw = pipeline.training_batch(made[0], np.arange(IMAGES), labels, weights, BATCH, 0, made[1])
    return [[part.numpy() for part in batch] for batch in pipeline.training_batches(draw, range(6))], read.read


@pytest.mark.representatives("entries0", "entries2")
@pytest.mark.parametrize("entries", [(), ("RandomFlip", "RandomErasing"), ("RandomFlip", "MixUp")])
def test_shares_are_the_rows_of_the_batch(entries):
    whole, all_read = batches(entries, None)
    parts = [batches(entries, lambda total, n=n: (n * total // 3, (n + 1) * total // 3)) for n in range(3)]
    for number, (images, *others) in enumerate(whole):
        of_each = [part[number] for part, _ in parts]
        np.testing.assert_array_equal(np.concatenate([each[0] for each in of_each]), images)
        for each in of_each:
            for own, other in zip(each[1:], others, strict=True):
                np.testing.assert_array_equal(own, other)
    read = sum(sum(of_part) for _, of_part in parts)
    assert read == sum(all_read) * (3 if "MixUp" in entries else 1)  # partners come from the whole batch
