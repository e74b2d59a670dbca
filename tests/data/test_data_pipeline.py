"""Training batches are a pure function of the step; what is measured comes in order, and labels as the loss wants."""

from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np
import pytest
from picture_files import put
from sklearn.utils.class_weight import compute_sample_weight

from cnncli.catalog import Entry
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples, Samples, SampleSubset
from cnncli.errors import DataError

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
    reader, drawn, steps = pipeline.Reader(samples), np.arange(len(samples)), range(first, last)
    draw = pipeline.training_batch(reader, drawn, samples.labels, weights, batch_size, seed)
    return batches_of(pipeline.training_batches(draw, steps))


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


class TestReader:
    """Images held in memory and those read batch by batch are the same."""

    @pytest.fixture
    def sources(self, pipeline, tmp_path) -> dict:
        """The same ten images in every form a reader may meet."""
        put(tmp_path, *(f"{number}.png" for number in range(10)), start=0)
        labels = np.arange(10, dtype=np.int64)
        files = FileSamples(tmp_path, tuple(f"{number}.png" for number in range(10)), labels, InputFormat(2, 3, 1))
        array = Samples(files.read(labels), labels, files.names)
        backwards = Samples(array.images[::-1].copy(), labels, files.names)
        return {
            "held": pipeline.Reader(array),
            "not held": pipeline.Reader(array, share=0),
            "files": pipeline.Reader(files),
            "chosen": pipeline.Reader(SampleSubset(backwards, labels[::-1].copy(), labels), share=0),
            "chosen and held": pipeline.Reader(SampleSubset(backwards, labels[::-1].copy(), labels)),
            "chosen and shared": pipeline.Reader(SampleSubset(backwards.take(labels), labels[::-1].copy(), labels)),
        }

    def test_they_give_the_same_batches(self, pipeline, sources):
        labels = np.arange(10)
        found = {
            form: batches_of(
                pipeline.training_batches(pipeline.training_batch(reader, labels, labels, None, 4, 7), range(9))
            )
            for form, reader in sources.items()
        }
        for batches in found.values():
            for expected, got in zip(found["held"], batches, strict=True):
                assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(expected, got, strict=True))
        assert all(images[:, 1, 2, 0].tolist() == labels.tolist() for images, labels in found["files"])
        assert not any(reader.failure for reader in sources.values())

    @pytest.mark.parametrize("indices", [np.arange(8), np.arange(3, 7)])
    def test_held_images_are_in_memory_once(self, pipeline, indices):
        samples = numbered(10).take(np.arange(10))
        chosen = SampleSubset(samples, indices, samples.labels[indices])
        for reader in (pipeline.Reader(samples), pipeline.Reader(chosen)):
            place = int(reader(np.array([2]))[0, 1, 2, 0])
            samples.images[place] += 100
            assert int(reader(np.array([2]))[0, 1, 2, 0]) == place + 100
            samples.images[place] -= 100

    def test_the_size_of_a_batch_is_known_before_it_is_read(self, pipeline, sources):
        for reader in sources.values():
            dataset = pipeline.ordered_batches(reader, np.arange(10), 4)
            assert dataset.element_spec[0].shape.as_list() == [None, 2, 3, 1]

    def test_a_file_that_cannot_be_read_is_kept_as_the_error_it_was(self, pipeline, sources, tmp_path):
        import tensorflow as tf

        (tmp_path / "7.png").write_text("no picture")
        reader = sources["files"]
        with pytest.raises(tf.errors.OpError):
            batches_of(pipeline.ordered_batches(reader, np.arange(10), 4))
        assert isinstance(reader.failure, DataError)
        assert "7.png is a text file" in str(reader.failure)

    def test_files_are_never_held(self, pipeline, sources, tmp_path):
        before = batches_of(pipeline.ordered_batches(sources["files"], np.arange(10), 10))
        put(tmp_path, "0.png", start=200)
        after = batches_of(pipeline.ordered_batches(sources["files"], np.arange(10), 10))
        assert (before[0][0][0, 0, 0, 0], after[0][0][0, 0, 0, 0]) == (0, 200)


class TestDrawnFrom:
    LABELS = np.array([2, 0, 0, 0, 0, 2, 1, 0, 2, 0, 0])

    def test_every_image_once_unless_asked_otherwise(self, pipeline):
        assert pipeline.epoch_indices(self.LABELS, 3, None).tolist() == list(range(11))

    def test_balanced_shows_every_class_as_often_as_the_largest_and_every_image(self, pipeline):
        drawn = pipeline.epoch_indices(self.LABELS, 3, "balanced")
        assert drawn.dtype == np.int64
        assert np.bincount(self.LABELS[drawn]).tolist() == [7, 7, 7]
        times = np.bincount(drawn, minlength=11)
        assert times[self.LABELS == 0].tolist() == [1] * 7  # nothing of the largest is left out or repeated
        assert times[6] == 7
        assert sorted(times[self.LABELS == 2].tolist()) == [2, 2, 3]  # as evenly as can be

    def test_an_epoch_shuffles_what_was_drawn(self, pipeline):
        drawn = pipeline.epoch_indices(self.LABELS, 3, "balanced")
        reader, targets = pipeline.Reader(numbered(11)), np.arange(11)
        draw = pipeline.training_batch(reader, drawn, targets, None, 8, 0)
        batches = batches_of(pipeline.training_batches(draw, range(6)))
        assert pipeline.steps_per_epoch(len(drawn), 8) == 3
        first, second = orders(batches, 3)
        assert sorted(first) == sorted(second) == sorted(drawn.tolist())
        assert first != second
        assert all(images[:, 0, 0, 0].tolist() == labels.tolist() for images, labels in batches)


class TestAugmented:
    """With augmentation a batch is a pure function of the step as well."""

    COUNT, STEPS = 20, 10

    def batches(self, pipeline, first=0, seed=3, threads=None, share=1.0, drawn=None, mix=True) -> list:
        import tensorflow as tf

        from cnncli.data.augment import Augmentation

        samples = numbered(self.COUNT)
        samples = Samples(samples.images + np.uint8(110), samples.labels, samples.names)  # neither black nor white
        names = [("RandomBrightness", {"factor": 0.3}), ("RandomFlip", {})] + [("MixUp", {"alpha": 0.4})] * mix
        entries = [Entry("augmentation", name, arguments) for name, arguments in names]
        draw = pipeline.training_batch(
            pipeline.Reader(samples, share),
            np.arange(self.COUNT) if drawn is None else drawn,
            np.eye(self.COUNT, dtype=np.float32),
            np.arange(self.COUNT) / 8,
            4,
            seed,
            Augmentation(entries, samples.shape, seed),
        )
        dataset = pipeline.training_batches(draw, range(first, self.STEPS))
        if threads:
            options = tf.data.Options()
            options.threading.private_threadpool_size = threads
            options.threading.max_intra_op_parallelism = threads
            dataset = dataset.with_options(options)
        return batches_of(dataset)

    @staticmethod
    def same(first, second) -> bool:
        pairs = zip(first, second, strict=True)
        return all(np.array_equal(a, b) for one, other in pairs for a, b in zip(one, other, strict=True))

    def test_the_seed_alone_decides_bit_for_bit_whatever_the_threads_and_the_memory(self, pipeline, whole):
        assert self.same(whole, self.batches(pipeline, threads=1))
        assert self.same(whole, self.batches(pipeline, threads=7, share=0))
        assert not self.same(whole, self.batches(pipeline, seed=4))

    @pytest.mark.representatives("7")
    @pytest.mark.parametrize("first", [1, 5, 7])
    def test_a_training_that_goes_on_sees_what_it_would_have_seen(self, pipeline, whole, first):
        assert self.same(whole[first:], self.batches(pipeline, first=first))

    def test_images_and_labels_are_changed_and_weights_are_those_of_the_labels(self, whole, unmixed):
        images, targets, weights = whole[0]
        assert images.dtype == targets.dtype == np.float32
        assert images.shape == (4, 2, 3, 1)
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
        assert ((targets > 0).sum(axis=1) == 2).any()  # two classes in one
        _, own_targets, own_weights = unmixed[0]
        assert (own_targets.argmax(axis=1) / 8).tolist() == own_weights.tolist()
        np.testing.assert_allclose(weights, targets @ np.arange(self.COUNT) / 8, rtol=1e-6)
        assert not np.array_equal(weights, own_weights)

    def test_an_image_that_is_drawn_twice_is_changed_in_two_ways(self, pipeline):
        (images, *_), *_ = self.batches(pipeline, drawn=np.full(self.COUNT, 19), mix=False)
        assert len({float(image[0, 0, 0]) for image in images}) == 4

    def test_every_epoch_changes_an_image_in_another_way(self, unmixed):
        seen = [
            float(image[0, 0, 0])
            for images, targets, _ in unmixed
            for image, target in zip(images, targets, strict=True)
            if target.argmax() == 19
        ]
        assert len(seen) == len(set(seen)) == 2  # twice in ten steps


@pytest.fixture(scope="module")
def whole(pipeline) -> list:
    return TestAugmented().batches(pipeline)


@pytest.fixture(scope="module")
def unmixed(pipeline) -> list:
    return TestAugmented().batches(pipeline, mix=False)


def test_ordered_batches_are_every_image_once_in_order(pipeline):
    samples = numbered(10)
    dataset = pipeline.ordered_batches(pipeline.Reader(samples), samples.labels, 4)
    for _ in range(2):  # it can be gone through again
        batches = batches_of(dataset)
        assert [labels.tolist() for _, labels in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        assert all(images[:, 0, 0, 0].tolist() == labels.tolist() for images, labels in batches)


def test_no_thread_of_tensorflow_is_waited_for_at_the_end(pipeline):
    """One that tunes numbers sleeps for seconds, and letting go of an iterator lasts until it wakes."""
    samples = numbered(10)
    reader = pipeline.Reader(samples)
    ordered = pipeline.ordered_batches(reader, samples.labels, 4)
    draw = pipeline.training_batch(reader, np.arange(10), samples.labels, None, 4, 0)
    shuffled = pipeline.training_batches(draw, range(3))
    assert [dataset.options().autotune.enabled for dataset in (ordered, shuffled)] == [False, False]


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
