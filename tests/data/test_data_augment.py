"""Every augmentation: same images whatever the batch, order and threads; shape and range kept; labels in step."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

from cnncli.catalog import FAMILIES, Entry
from cnncli.errors import SpecError

pytestmark = pytest.mark.slow

COUNT, HEIGHT, WIDTH, CLASSES = 24, 18, 14, 5

# Arguments for those that need some, or that do more with some.
ARGUMENTS: dict[str, dict] = {
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "RandomShear": {"x_factor": 0.2},
    "ImageDataGenerator": {
        "rotation_range": 20,
        "zoom_range": 0.15,
        "width_shift_range": 0.2,
        "height_shift_range": [1, 3],
        "shear_range": 5,
        "horizontal_flip": True,
        "channel_shift_range": 30,
        "brightness_range": [0.5, 1.5],
    },
    "RandomBrightness": {"factor": 0.4},
    "RandomContrast": {"factor": 0.5},
    "RandomColorJitter": {
        "brightness_factor": 0.2,
        "contrast_factor": 0.2,
        "saturation_factor": 0.9,
        "hue_factor": 0.2,
    },
    "RandomHue": {"factor": 0.3},
    "RandomSaturation": {"factor": 1.0},
    "RandomColorDegeneration": {"factor": 0.6},
    "RandomPosterization": {"factor": [2, 5]},
    "RandomSharpness": {"factor": 1.0},
    "RandomGaussianBlur": {"kernel_size": 5},
    "Solarization": {"addition_factor": 0.2, "threshold_factor": [0.3, 0.6]},
}
COLOUR_ALONE = {"RandomHue", "RandomSaturation", "RandomColorDegeneration", "RandomGrayscale"}
BYTES_STAY = {"RandomFlip", "RandomInvert", "RandomPosterization", "RandomErasing", "CutMix"}
NOT_RANDOM = {"AutoContrast", "Equalization"}
POLICIES = ("RandAugment", "AugMix")
NAMES = FAMILIES["augmentation"]


@cache
def pictures(channels: int) -> np.ndarray:
    random = np.random.default_rng(channels)
    light = np.linspace(0, 180, WIDTH)[:, None]
    return (random.integers(0, 75, (COUNT, HEIGHT, WIDTH, channels)) + light).astype(np.uint8)


def augmentation(*entries, shape, seed=0):
    from cnncli.data.augment import Augmentation

    return Augmentation([Entry("augmentation", name, arguments) for name, arguments in entries], shape, seed)


@cache
def usual(name, channels):
    """The augmentation of this name for the pictures above: it is made, and made a graph, once for several tests."""
    return augmentation((name, ARGUMENTS.get(name, {})), shape=(HEIGHT, WIDTH, channels))


@cache
def traced(change):
    """The augmentation as a graph that takes batches of any size, as a pipeline has it."""
    import tensorflow as tf

    images = tf.TensorSpec([None, *change.shape], tf.uint8)
    targets = tf.TensorSpec([None, CLASSES], tf.float32)
    return tf.function(change, [images, targets, tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)])


def labels_of(images) -> np.ndarray:
    return np.eye(CLASSES, dtype=np.float32)[np.arange(len(images)) % CLASSES]


def at_once(change, images, epoch=0) -> tuple[np.ndarray, np.ndarray]:
    """What becomes of the images as one batch, without a graph, which takes seconds to make."""
    import tensorflow as tf

    indices = tf.range(len(images), dtype=tf.int64)
    results = change(tf.constant(images), tf.constant(labels_of(images)), indices, tf.constant(epoch, tf.int64))
    return tuple(result.numpy() for result in results)


def mapped(change, images, order, batch, threads) -> tuple[np.ndarray, np.ndarray]:
    """What a tf.data pipeline makes of the images, put back into the order of the samples."""
    import tensorflow as tf

    targets = labels_of(images)

    def step(chosen):
        chosen = tf.cast(chosen, tf.int64)
        parts = tf.gather(tf.constant(images), chosen), tf.gather(tf.constant(targets), chosen)
        return traced(change)(*parts, chosen, tf.constant(0, tf.int64))

    dataset = tf.data.Dataset.from_tensor_slices(order).batch(batch).map(step, num_parallel_calls=threads)
    results = list(dataset)
    back = np.argsort(order)
    return tuple(np.concatenate([result[i].numpy() for result in results])[back] for i in range(2))


# The whole grid, which takes minutes, is exhaustive. Brightness and MixUp go through threads in test_data_pipeline.py
REPRESENTATIVES = {("RandomRotation", 3), ("CutMix", 1), ("RandomFlip", 1)}


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        pytest.param(*case, marks=() if case in REPRESENTATIVES else pytest.mark.exhaustive)
        for case in itertools.product(NAMES, [1, 3])
    ],
)
def test_an_image_is_the_same_in_any_batch_order_and_thread(name, channels):
    images, change = pictures(channels), usual(name, channels)
    first, labels = mapped(change, images, np.arange(COUNT), COUNT, 1)
    assert first.shape == images.shape
    assert first.dtype in (np.uint8, np.float32)
    assert first.dtype == np.uint8 or name not in BYTES_STAY
    assert first.min() >= 0
    assert first.max() <= 255
    assert np.all(np.isfinite(first))
    shuffled = np.random.default_rng(0).permutation(COUNT)
    batch = COUNT if change.mixes_labels else 5  # the partner comes from the batch
    again, labels_again = mapped(change, images, shuffled, batch, 4)
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(labels_again, labels)


def with_others_exhaustive(names, *others):
    """What takes as long as many of the rest, and is of a kind with one of them."""
    return [pytest.param(name, marks=pytest.mark.exhaustive) if name in others else name for name in names]


# Both policies draw several of the other operations for each image; a perspective is a movement like others
@pytest.mark.parametrize(
    "name", with_others_exhaustive([name for name in NAMES if name not in NOT_RANDOM], "AugMix", "RandomPerspective")
)
def test_chance_follows_seed_epoch_sample_and_place(name):
    images = np.repeat(pictures(3)[:1], COUNT, axis=0) if name not in ("MixUp", "CutMix") else pictures(3)
    entry, shape = (name, ARGUMENTS.get(name, {})), images.shape[1:]
    first, _ = at_once(usual(name, 3), images)
    ways = len(np.unique(first.reshape(COUNT, -1), axis=0))  # in which the same picture is changed
    assert ways > (COUNT / 2 if name in POLICIES else 1)
    nothing = ("RandomTranslation", {"height_factor": 0.0, "width_factor": 0.0})
    others = {
        "epoch": at_once(usual(name, 3), images, epoch=1),
        "seed": at_once(augmentation(entry, shape=shape, seed=1), images),
        "place": at_once(augmentation(nothing, entry, shape=shape), images),
    }
    for what, (other, _) in others.items():
        assert not np.array_equal(other, first), what


@pytest.mark.parametrize(
    "name",
    with_others_exhaustive([name for name in NAMES if name not in COLOUR_ALONE], *POLICIES, "RandomPerspective"),
)
def test_grey_images_are_changed_too(name):
    images = pictures(1)
    result, _ = at_once(usual(name, 1), images)
    assert np.mean(result != images) > 0.02


def test_a_list_does_one_after_the_other():
    images = pictures(3)
    entries = [("RandomFlip", {}), ("RandomInvert", {"factor": [1.0, 1.0]}), ("RandomBrightness", {"factor": [1, 1]})]
    result, _ = mapped(augmentation(*entries, shape=images.shape[1:]), images, range(COUNT), 8, 1)
    assert np.all(result == 255)
    result, _ = mapped(augmentation(*entries[::-1], shape=images.shape[1:]), images, range(COUNT), 8, 1)
    assert np.all(result == 0)


def test_an_empty_list_changes_nothing():
    images = pictures(3)
    change = augmentation(shape=images.shape[1:])
    result, labels = mapped(change, images, range(COUNT), 8, 1)
    np.testing.assert_array_equal(result, images)
    assert not change.mixes_labels
    assert result.dtype == np.uint8
    assert set(labels.ravel()) == {0.0, 1.0}


def test_erasing_covers_a_patch_as_often_and_as_large_as_it_says():
    images = np.full((400, 40, 40, 3), 10, np.uint8)
    arguments = {"factor": [0.5, 0.5], "scale": [0.25, 0.25], "fill_value": [1, 2, 250]}
    result, _ = mapped(augmentation(("RandomErasing", arguments), shape=(40, 40, 3)), images, range(400), 100, 1)
    covered = np.all(result == [1, 2, 250], axis=-1)
    assert np.all(covered | np.all(result == 10, axis=-1))
    sizes = covered.sum(axis=(1, 2))
    assert set(sizes) == {0, 400}
    assert 150 < np.count_nonzero(sizes) < 250


def test_noise_in_a_patch_is_keras_noise():
    import keras

    images = np.full((64, 24, 24, 1), 7, np.uint8)
    arguments = {"factor": [1.0, 1.0], "scale": [1.0, 1.0]}
    result, _ = mapped(augmentation(("RandomErasing", arguments), shape=(24, 24, 1)), images, range(64), 64, 1)
    expected = np.asarray(keras.layers.RandomErasing((1.0, 1.0), (1.0, 1.0))(images.astype(np.float32), training=True))
    for of in (np.mean, lambda pixels: np.mean(pixels == 0), lambda pixels: np.mean(pixels == 255)):
        assert of(result) == pytest.approx(of(expected), rel=0.05)


@pytest.mark.parametrize(("name", "arguments"), [("MixUp", {"alpha": 1.0}), ("CutMix", {})])
@pytest.mark.parametrize("batch", [1, 2, COUNT])
def test_labels_are_mixed_in_the_shares_of_the_pictures(name, arguments, batch):
    import tensorflow as tf

    grey = np.arange(COUNT, dtype=np.uint8) * 10
    images = np.broadcast_to(grey[:, None, None, None], (COUNT, 16, 20, 3))
    change = augmentation((name, arguments), shape=(16, 20, 3))
    assert change.mixes_labels
    for start in range(0, COUNT, batch)[:4]:
        rows = slice(start, start + batch)
        labels = np.eye(COUNT, dtype=np.float32)[rows]
        indices = tf.range(start, start + batch, dtype=tf.int64)
        mixed, shares = change(tf.constant(images[rows]), tf.constant(labels), indices, tf.constant(0, tf.int64))
        shares = shares.numpy()
        np.testing.assert_allclose(np.sum(shares, axis=1), 1, atol=1e-6)
        # a picture's mean is the sum of the greys in it, each as often as its label says: exact to a pixel and beyond
        np.testing.assert_allclose(tf.reduce_mean(tf.cast(mixed, tf.float64), [1, 2, 3]), shares @ grey, atol=1e-3)
        partners = np.argmax(shares * (1 - labels), axis=1)[np.max(shares, axis=1) < 1]
        assert len(set(partners)) == len(partners)  # everybody is somebody's partner once
        assert batch > 1 or np.array_equal(shares, labels)


def test_three_colours_cannot_fill_a_grey_image():
    entries = [("RandomFlip", {}), ("RandomErasing", {"fill_value": [1, 2, 3]})]
    with pytest.raises(SpecError) as raised:
        augmentation(*entries, shape=(8, 8, 1))
    assert raised.value.problems[0].path == ("augment", 1, "RandomErasing", "fill_value")
    augmentation(*entries, shape=(8, 8, 3))


# The graph of a policy takes seconds to make
@pytest.mark.parametrize("name", with_others_exhaustive(["RandomRotation", *POLICIES], *POLICIES))
def test_a_preview_shows_each_image_as_a_training_sees_it(name):
    images = np.repeat(pictures(3)[:1], COUNT, axis=0)
    result, _ = mapped(usual(name, 3), images, range(COUNT), COUNT, 1)
    np.testing.assert_array_equal(at_once(usual(name, 3), images)[0], result)  # the size of the batch is known there


@pytest.mark.representatives("RandAugment")
@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_as_strong_as_it_is_told(name):
    """Contrast and histogram aside, which have no strength."""
    from cnncli.data.augment import policies
    from cnncli.data.augment.draws import SampleRandom
    from cnncli.startup import tf

    draws = SampleRandom.of_batch(0, tf.constant(0, tf.int64), tf.range(16, dtype=tf.int64))
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3)).astype(np.float32)
    changes = []
    for factor in (0.0, 0.3, 0.6):
        entry = Entry("augmentation", name, {"factor": factor})
        operations = policies._operations(entry, (8, 8, 3))
        of_each = [
            np.abs(np.asarray(operation(tf.constant(images), draws)) - images).mean()
            for number, operation in enumerate(operations)
            if number not in (5, 6)
        ]
        changes.append(of_each)
    assert max(changes[0]) < 2  # but for white, which is inverted
    assert all(weak < strong for weak, strong in zip(changes[1], changes[2], strict=True))
