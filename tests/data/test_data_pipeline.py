"""Training batches are a pure function of the step; what is measured comes in order, and labels as the loss wants."""

from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from cnncli.data.samples import Samples

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pipeline() -> ModuleType:
    from cnncli.data import pipeline

    return pipeline


def numbered(images: int) -> Samples:
    """Images whose pixels all hold the number of the image, so that a batch says which images are in it."""
    pixels = np.broadcast_to(np.arange(images, dtype=np.uint8)[:, None, None, None], (images, 2, 3, 1))
    return Samples.numbered(pixels, np.arange(images, dtype=np.int64))  # (images, 2, 3, 1)


def batches_of(dataset) -> list[tuple[np.ndarray, ...]]:
    return [tuple(part.numpy() for part in batch) for batch in dataset]


def training(pipeline, samples, seed=0, first=0, last=9, weights=None, batch_size=4):
    return batches_of(pipeline.training_batches(samples, samples.labels, weights, batch_size, seed, first, last))


def orders(batches, steps) -> list[list[int]]:
    """The numbers of the images of each epoch, in the order in which they came."""
    numbers = [images[:, 0, 0, 0].tolist() for images, *_ in batches]
    return [list(itertools.chain(*numbers[start : start + steps])) for start in range(0, len(numbers), steps)]


class TestTrainingBatches:
    def test_every_epoch_shows_every_image_once_in_an_order_of_its_own(self, pipeline):
        epochs = orders(training(pipeline, numbered(10)), 3)
        assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 3
        assert len({tuple(epoch) for epoch in epochs} | {tuple(range(10))}) == 4

    @pytest.mark.parametrize("first", [1, 3, 5, 8])
    def test_a_training_that_goes_on_at_a_step_sees_the_batches_it_would_have_seen(self, pipeline, first):
        whole = training(pipeline, numbered(10))
        rest = training(pipeline, numbered(10), first=first)
        assert len(rest) == 9 - first
        for expected, got in zip(whole[first:], rest, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(expected, got, strict=True))

    def test_the_seed_alone_decides_the_order(self, pipeline):
        first, again, other = (orders(training(pipeline, numbered(50), seed, last=13), 13) for seed in (1, 1, 2))
        assert first == again
        assert first != other

    def test_the_largest_seed_a_spec_may_have_is_a_seed(self, pipeline):
        (epoch,) = orders(training(pipeline, numbered(10), seed=2**32 - 1, last=3), 3)
        assert sorted(epoch) == list(range(10))

    def test_the_last_batch_of_an_epoch_is_smaller(self, pipeline):
        batches = training(pipeline, numbered(10), last=6)
        assert [images.shape for images, _ in batches] == [(4, 2, 3, 1), (4, 2, 3, 1), (2, 2, 3, 1)] * 2

    def test_labels_and_weights_stay_with_their_images_and_pixels_are_bytes(self, pipeline):
        samples = numbered(10)
        for images, labels, weights in training(pipeline, samples, weights=samples.labels / np.float32(8)):
            assert images.dtype == np.uint8
            assert labels.tolist() == images[:, 1, 2, 0].tolist()
            assert weights.tolist() == (labels / 8).tolist()

    @pytest.mark.parametrize("images", [1, 2, 3])
    def test_fewer_images_than_a_batch_are_one_batch(self, pipeline, images):
        batches = training(pipeline, numbered(images), last=2)
        assert [sorted(labels.tolist()) for _, labels in batches] == [list(range(images))] * 2


def test_ordered_batches_are_every_image_once_in_order(pipeline):
    samples = numbered(10)
    dataset = pipeline.ordered_batches(samples, samples.labels, 4)
    for _ in range(2):  # it can be gone through again
        batches = batches_of(dataset)
        assert [labels.tolist() for _, labels in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert all(images[:, 0, 0, 0].tolist() == labels.tolist() for images, labels in batches)


@pytest.mark.parametrize(("images", "batch_size", "steps"), [(10, 4, 3), (8, 4, 2), (1, 32, 1), (60_000, 32, 1875)])
def test_steps_count_the_last_smaller_batch(pipeline, images, batch_size, steps):
    assert pipeline.steps_per_epoch(images, batch_size) == steps


@pytest.mark.parametrize(
    ("encoding", "expected", "dtype"),
    [
        ("sparse", [1, 0, 2], np.int64),
        ("one_hot", [[0, 1, 0], [1, 0, 0], [0, 0, 1]], np.float32),
    ],
)
def test_labels_are_encoded_as_the_loss_takes_them(pipeline, encoding, expected, dtype):
    encoded = pipeline.encode(np.array([1, 0, 2]), encoding, 3)
    assert encoded.tolist() == expected
    assert encoded.dtype == dtype


def test_two_classes_for_one_output_are_a_column(pipeline):
    encoded = pipeline.encode(np.array([1, 0, 1]), "binary", 2)
    assert encoded.tolist() == [[1], [0], [1]]
    assert encoded.dtype == np.float32


class TestClassWeights:
    LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2])
    NAMES = ("cat", "dog", "owl")

    def test_balanced_is_what_sklearn_calls_balanced(self, pipeline):
        weights = pipeline.class_weights(self.LABELS, self.NAMES, "balanced")
        assert weights.dtype == np.float32
        np.testing.assert_allclose(weights, compute_sample_weight("balanced", self.LABELS), rtol=1e-6)
        totals = np.bincount(self.LABELS, weights)
        np.testing.assert_allclose(totals, [3, 3, 3], rtol=1e-6)  # every class counts as much as every other

    def test_a_class_without_images_disturbs_nothing(self, pipeline):
        weights = pipeline.class_weights(np.array([0, 2, 2]), self.NAMES, "balanced")
        np.testing.assert_allclose(weights, [1, 0.5, 0.5])

    def test_weights_by_name_and_one_where_none_is_given(self, pipeline):
        weights = pipeline.class_weights(self.LABELS, self.NAMES, {"owl": 5.0, "cat": 0.5})
        assert weights.tolist() == [0.5] * 6 + [1, 1, 5]

    def test_none_means_that_all_count_the_same(self, pipeline):
        assert pipeline.class_weights(self.LABELS, self.NAMES, None) is None
