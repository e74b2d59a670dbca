"""Colours and details, pixel by pixel against Keras' layers given the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BATCH = 6


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (BATCH, 20, 24, 3)) * 0.5 + random.integers(0, 128, (BATCH, 1, 1, 3))
    return np.floor(pixels).astype(np.float32)


@pytest.fixture
def numbers() -> np.ndarray:
    return np.random.default_rng(1).uniform(0.05, 0.95, BATCH)


def constant(values: np.ndarray):
    import tensorflow as tf

    return tf.constant(values, tf.float64)


def spread(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None, None, None]


def layer(name: str, **arguments):
    import keras

    return getattr(keras.layers, name)(**arguments)


def test_brightness(images, numbers):
    from cnncli.data.augment.color import add_brightness

    expected = layer("RandomBrightness", factor=1.0).transform_images(
        images, {"rgb_delta": spread(255 * (numbers - 0.5))}
    )
    np.testing.assert_allclose(add_brightness(images, constant(numbers - 0.5)), expected, atol=1e-3)


def test_contrast(images, numbers):
    from cnncli.data.augment.color import scale_contrast

    expected = layer("RandomContrast", factor=1.0).transform_images(images, {"contrast_factor": spread(2 * numbers)})
    np.testing.assert_allclose(scale_contrast(images, constant(2 * numbers)), expected, atol=1e-3)


def test_saturation(images, numbers):
    from cnncli.data.augment.color import scale_saturation

    given = {"factor": numbers.astype(np.float32)}
    expected = layer("RandomSaturation", factor=1.0).transform_images(images, given)
    np.testing.assert_allclose(scale_saturation(images, constant(numbers)), expected, atol=1e-3)


def test_more_saturation_than_a_colour_can_have_ends_at_the_most(images):
    from cnncli.data.augment.color import scale_saturation

    result = scale_saturation(images, constant(np.full(BATCH, 1e6))).numpy()
    colourful = np.ptp(images, axis=-1) > 0
    np.testing.assert_allclose(result.max(axis=-1), images.max(axis=-1), atol=1e-3)
    np.testing.assert_allclose(result.min(axis=-1)[colourful], 0, atol=1e-3)


def test_hue(images, numbers):
    from cnncli.data.augment.color import turn_hue

    turn = numbers - 0.5
    expected = layer("RandomHue", factor=1.0).transform_images(images, {"factor": turn.astype(np.float32)})
    np.testing.assert_allclose(turn_hue(images, constant(turn)), expected, atol=0.05)


def test_degeneration(images, numbers):
    from cnncli.data.augment.color import fade_to_grey

    expected = layer("RandomColorDegeneration", factor=1.0).transform_images(images, {"factor": spread(numbers)})
    np.testing.assert_allclose(fade_to_grey(images, constant(numbers)), expected, atol=0.05)


def test_grayscale(images, numbers):
    from cnncli.data.augment.color import fade_to_grey

    expected = layer("RandomGrayscale").transform_images(images, (numbers < 0.5)[:, None, None, None])
    np.testing.assert_allclose(fade_to_grey(images, constant(numbers < 0.5)), expected, atol=0.05)


def test_inversion(images, numbers):
    from cnncli.data.augment.color import invert

    expected = layer("RandomInvert").transform_images(images, {"apply_inversion": numbers < 0.5})
    np.testing.assert_array_equal(invert(images, numbers < 0.5), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_posterization(images, dtype):
    from cnncli.data.augment.color import posterize

    bits = np.array([1, 2, 4, 5, 7, 8])
    given = {"shift_factor": (8 - bits).astype(np.uint8)}
    expected = layer("RandomPosterization", factor=4).transform_images(images, given)
    result = posterize(images.astype(dtype), constant(bits + 0.3)).numpy()
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == dtype


def test_solarization(images, numbers):
    from cnncli.data.augment.color import solarize

    additions, thresholds = numbers / 3, numbers[::-1]
    given = {"additions": spread(255 * additions), "thresholds": spread(255 * thresholds)}
    expected = layer("Solarization").transform_images(images, given)
    np.testing.assert_allclose(solarize(images, constant(additions), constant(thresholds)), expected, atol=1e-3)


def test_auto_contrast(images):
    from cnncli.data.augment.color import stretch_contrast

    images = images.copy()
    images[1] = 77  # nothing to stretch
    np.testing.assert_allclose(stretch_contrast(images), layer("AutoContrast").transform_images(images), atol=1e-2)


def test_equalization_of_one_image_does_not_depend_on_the_others(images):
    from cnncli.data.augment.color import equalize

    images = images.copy()
    images[1, ..., 0] = 77
    together = equalize(images, 256).numpy()
    one = layer("Equalization")
    for image, result in zip(images, together, strict=True):
        expected = np.asarray(one.transform_images(image[None], None))[0]
        exact = np.abs(result - expected) < 1e-3
        assert exact.mean() > 0.95  # Keras computes an image's bins in two ways that differ for a few values


def test_sharpness_is_keras_own_but_for_the_dark_frame(images, numbers):
    from cnncli.data.augment.detail import sharpen

    expected = layer("RandomSharpness", factor=1.0).transform_images(images, {"factor": numbers.astype(np.float32)})
    inside = np.s_[:, 1:-1, 1:-1]
    np.testing.assert_allclose(sharpen(images, constant(numbers))[inside], np.asarray(expected)[inside], atol=0.01)


@pytest.mark.parametrize("size", [3, 7])
def test_blur_is_keras_own_but_for_the_dark_frame(images, size):
    from cnncli.data.augment.detail import blur

    given = {"should_apply_blur": np.ones(BATCH, bool), "blur_factor": np.array([0.9, 0.5], np.float32)}
    expected = np.asarray(layer("RandomGaussianBlur", kernel_size=size).transform_images(images, given))
    result = blur(images, constant(np.full(BATCH, 0.9)), constant(np.full(BATCH, 0.5)), (size, size)).numpy()
    edge = size // 2
    inside = np.s_[:, edge:-edge, edge:-edge]
    np.testing.assert_allclose(result[inside], expected[inside], atol=0.01)


@pytest.mark.parametrize(("size", "extent"), [([3, 7], (3, 7)), ([7, 3], (7, 3)), ([1, 5], (1, 5)), (5, (5, 5))])
def test_two_sizes_of_a_kernel_are_its_height_and_its_width(size, extent):
    import tensorflow as tf

    from cnncli.catalog import Entry
    from cnncli.data.augment import Augmentation

    arguments = {"factor": [1.0, 1.0], "kernel_size": size, "sigma": [3.0, 3.0]}
    change = Augmentation([Entry("augmentation", "RandomGaussianBlur", arguments)], (15, 17, 1), 0)
    point = np.zeros((1, 15, 17, 1), np.uint8)
    point[0, 7, 8] = 255
    blurred, _ = change(tf.constant(point), tf.zeros((1, 2)), tf.constant([0], tf.int64), tf.constant(0, tf.int64))
    lit = blurred.numpy()[0, ..., 0] > 0
    assert (lit.any(axis=1).sum(), lit.any(axis=0).sum()) == extent


def test_filters_leave_a_flat_image_flat(numbers):
    from cnncli.data.augment.detail import blur, sharpen

    flat = np.full((BATCH, 9, 8, 1), 130, np.uint8)
    np.testing.assert_allclose(sharpen(flat, constant(numbers)), flat, atol=1e-3)
    np.testing.assert_allclose(blur(flat, constant(numbers), constant(numbers), (5, 3)), flat, atol=1e-3)


def test_classic_brightness_and_channel_shift():
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    from cnncli.data.augment.generator import scale_brightness, shift_channels

    image = np.random.default_rng(0).integers(20, 200, (12, 10, 3)).astype(np.float32)
    classic = ImageDataGenerator()
    for factor in (0.4, 1.7):
        expected = classic.apply_transform(image.copy(), {"brightness": factor})
        np.testing.assert_allclose(scale_brightness(image[None], constant(np.array([factor])))[0], expected, atol=1)
    for amount in (-50.0, 30.5):
        expected = classic.apply_transform(image.copy(), {"channel_shift_intensity": amount})
        np.testing.assert_allclose(shift_channels(image[None], constant(np.array([amount])))[0], expected, atol=1e-3)
