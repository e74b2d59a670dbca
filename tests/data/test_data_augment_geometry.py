"""Movements of the picture, pixel by pixel against Keras' layers and the classic ImageDataGenerator."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest

from cnncli.catalog import Entry

pytestmark = pytest.mark.slow

SIDE = 33
SQUARE = (SIDE, SIDE, 3)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def ramp(height: int, width: int) -> np.ndarray:
    """An image that bilinear interpolation reproduces without loss, however often."""
    y, x = np.mgrid[:height, :width]
    return (3 * x + 2 * y + 20.0).astype(np.float32)[None, ..., None]


def augment(entries, images, seed=0, indices=None):
    import tensorflow as tf

    from cnncli.data.augment import Augmentation

    change = Augmentation(
        [Entry("augmentation", name, arguments) for name, arguments in entries], images.shape[1:], seed
    )
    indices = tf.range(len(images), dtype=tf.int64) if indices is None else tf.constant(indices, tf.int64)
    result, _ = change(tf.constant(images), tf.zeros((len(images), 2)), indices, tf.constant(0, tf.int64))
    return result.numpy()


def interpolations(entries, shape=SQUARE) -> int:
    import tensorflow as tf

    from cnncli.data.augment import Augmentation

    change = Augmentation([Entry("augmentation", name, arguments) for name, arguments in entries], shape, 0)
    batch = tf.zeros((4, *shape), tf.uint8), tf.zeros((4, 2)), tf.range(4, dtype=tf.int64), tf.constant(0, tf.int64)
    graph = tf.function(change).get_concrete_function(*batch).graph
    calls = [operation for operation in graph.get_operations() if "PartitionedCall" in operation.type]
    return sum("sampled" in call.get_attr("f").name for call in calls)


CLASSIC = [
    {"theta": 20.0},
    {"tx": 5.25, "ty": -3.5},
    {"shear": 15.0},
    {"zx": 0.8, "zy": 1.3},
    {"flip_horizontal": True},
    {"theta": -17.0, "tx": 3.3, "ty": 6.1, "shear": 9.0, "zx": 1.15, "zy": 0.9, "flip_horizontal": True},
    {"theta": 40.0, "tx": -4.0, "ty": 2.5, "shear": -12.0, "zx": 0.9, "zy": 1.2, "flip_vertical": True},
]


def fused(image: np.ndarray, given: dict, fill_mode: str) -> tuple[np.ndarray, np.ndarray]:
    """The image moved by our transformation, and which of its pixels come from inside the source."""
    import tensorflow as tf

    from cnncli.data.augment.generator import movement
    from cnncli.data.augment.sampling import warp
    from cnncli.data.augment.steps import Fill

    def number(name: str, default: float = 0.0) -> tf.Tensor:
        return tf.constant([given.get(name, default)], tf.float64)

    matrices = movement(
        number("theta") * pi / 180,
        (number("tx"), number("ty")),
        number("shear") * pi / 180,
        (number("zx", 1.0), number("zy", 1.0)),
        (1 - 2 * number("flip_horizontal"), 1 - 2 * number("flip_vertical")),
        image.shape,
    )
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    source = np.einsum("ij,jhw->ihw", matrices[0].numpy(), np.stack([x, y, np.ones_like(x)]))
    inside = np.all((source[:2] >= 0) & (source[:2] <= SIDE - 1), axis=0)
    return warp(image[None], matrices, Fill(fill_mode, 90.0, "bilinear"))[0].numpy(), inside


@pytest.mark.representatives("nearest", "constant")
@pytest.mark.parametrize("given", CLASSIC)
@pytest.mark.parametrize("fill_mode", ["nearest", "reflect", "constant", "wrap"])
def test_the_fused_movement_is_the_classic_one(given, fill_mode):
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    image = noise(*SQUARE)
    expected = ImageDataGenerator(fill_mode=fill_mode, cval=90.0).apply_transform(image.copy(), given)
    result, inside = fused(image, given, fill_mode)
    assert inside.mean() > 0.4
    np.testing.assert_allclose(result[inside], expected[inside], atol=0.05)
    if fill_mode in ("nearest", "reflect"):  # SciPy ends the constant and wraps one pixel earlier, at the edges only
        np.testing.assert_allclose(result, expected, atol=0.05)


def test_far_outside_a_constant_fill_is_the_constant():
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    image, given = noise(*SQUARE), {"tx": 20.0, "theta": 10.0}
    expected = ImageDataGenerator(fill_mode="constant", cval=90.0).apply_transform(image.copy(), given)
    result, inside = fused(image, given, "constant")
    differ = np.any(np.abs(result - expected) > 0.05, axis=-1)
    assert not np.any(differ & inside)
    assert differ.sum() <= 2 * SIDE  # a rim of one pixel
    assert np.sum(np.all(result == 90.0, axis=-1)) > SIDE * SIDE / 2


@pytest.mark.representatives("arguments0", "arguments2", "arguments5")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RandomRotation", {"factor": [0.07, 0.07]}),
        ("RandomRotation", {"factor": [-0.2, -0.2], "fill_mode": "constant", "fill_value": 9.0}),
        ("RandomTranslation", {"height_factor": [0.2, 0.2], "width_factor": [-0.13, -0.13]}),
        ("RandomTranslation", {"height_factor": [0.1, 0.1], "width_factor": [0.3, 0.3], "fill_mode": "nearest"}),
        ("RandomZoom", {"height_factor": [0.25, 0.25]}),
        ("RandomZoom", {"height_factor": [-0.3, -0.3], "width_factor": [0.2, 0.2], "interpolation": "nearest"}),
    ],
)
def test_a_movement_is_that_of_the_keras_layer(name, arguments):
    import keras

    images = noise(2, 24, 30, 3)
    expected = np.asarray(getattr(keras.layers, name)(**arguments)(images, training=True))
    np.testing.assert_allclose(augment([(name, arguments)], images), expected, atol=0.05)


def test_shear_is_that_of_the_keras_layer_to_either_side():
    import keras

    images = noise(20, 16, 18, 1)
    layer = keras.layers.RandomShear(x_factor=(0.2, 0.2), y_factor=(0.1, 0.1))
    factors = np.full((20, 2), (0.2, 0.1), np.float32)
    sides = [np.asarray(layer.transform_images(images, {"shear_factor": sign * factors})) for sign in (1, -1)]
    result = augment([("RandomShear", {"x_factor": [0.2, 0.2], "y_factor": [0.1, 0.1]})], images)
    near = np.array([[np.abs(a - b).max() < 0.05 for a, b in zip(result, side, strict=True)] for side in sides])
    assert np.all(near.any(axis=0))
    assert np.all(near.any(axis=1))


def test_perspective_is_that_of_the_keras_layer():
    import keras
    import tensorflow as tf

    from cnncli.data.augment.geometry import homography
    from cnncli.data.augment.sampling import warp
    from cnncli.data.augment.steps import Fill

    images = noise(3, 20, 26, 3)
    start = np.array([[[0.0, 0], [25, 0], [0, 19], [25, 19]]] * 3)
    end = start * (1 + np.random.default_rng(1).uniform(-0.3, 0.3, start.shape))
    given = {"apply_perspective": np.ones(3, bool), "start_points": start, "end_points": end}
    expected = keras.layers.RandomPerspective(fill_value=5.0).transform_images(images, given)
    result = warp(
        tf.constant(images), homography(tf.constant(start), tf.constant(end)), Fill("constant", 5.0, "bilinear")
    )
    np.testing.assert_allclose(result, expected, atol=0.2)


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_flips_are_exact_and_keep_bytes(mode):
    images = noise(40, 7, 8, 3).astype(np.uint8)
    axes = {"horizontal": 2, "vertical": 1, "horizontal_and_vertical": (1, 2)}[mode]
    result = augment([("RandomFlip", {"mode": mode})], images)
    flipped = np.all(result == np.flip(images, axes), axis=(1, 2, 3))
    kept = np.all(result == images, axis=(1, 2, 3))
    assert result.dtype == np.uint8
    assert np.all(flipped | kept)
    assert 8 < flipped.sum() < 32


STACK = [
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomRotation", {"factor": 0.1}),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}),
    ("RandomZoom", {"height_factor": 0.1}),
    ("RandomShear", {"x_factor": 0.1}),
    ("ImageDataGenerator", {"rotation_range": 5, "fill_mode": "reflect"}),
]


@pytest.mark.representatives("entries0", "entries2", "entries3")
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (STACK, 1),
        (STACK[:1], 0),
        ([("ImageDataGenerator", {"horizontal_flip": True})], 0),
        ([STACK[1], ("ImageDataGenerator", {"rotation_range": 5, "fill_mode": "nearest"})], 2),
        ([STACK[1], ("RandomBrightness", {"factor": 0.1}), STACK[3]], 2),
    ],
)
def test_neighbouring_movements_take_one_interpolation(entries, expected):
    assert interpolations(entries) == expected


def test_movements_happen_in_the_order_of_the_list():
    import keras

    images = np.repeat(ramp(40, 44), 2, axis=0)
    steps = [
        ("RandomTranslation", {"height_factor": [0.1, 0.1], "width_factor": [-0.2, -0.2]}),
        ("RandomRotation", {"factor": [0.1, 0.1]}),
        ("RandomZoom", {"height_factor": [-0.2, -0.2], "width_factor": [-0.4, -0.4]}),
    ]
    expected = images
    for name, arguments in steps:
        expected = np.asarray(getattr(keras.layers, name)(**arguments)(expected, training=True))
    middle = np.s_[:, 17:23, 19:25]
    np.testing.assert_allclose(augment(steps, images)[middle], expected[middle], atol=0.1)
    assert np.abs(augment(steps[::-1], images)[middle] - expected[middle]).max() > 1


def test_height_shift_moves_up_and_down_and_width_shift_sideways():
    images = np.zeros((30, 15, 21, 1), np.uint8)
    images[:, 7, 10] = 255
    for argument, axis in (("height_shift_range", 1), ("width_shift_range", 2)):
        result = augment([("ImageDataGenerator", {argument: 4, "fill_mode": "constant"})], images)
        places = np.argwhere(result[..., 0] > 254)
        assert len(places) == 30
        assert set(places[:, 3 - axis]) == {{1: 10, 2: 7}[axis]}
        assert set(places[:, axis]) == {{1: 7, 2: 10}[axis] + shift for shift in range(-3, 4)}


def test_the_middle_of_a_picture_that_is_no_square_stays():
    images = np.zeros((5, 15, 41, 1), np.uint8)
    images[:, 7, 20] = 200
    result = augment([("ImageDataGenerator", {"rotation_range": 180, "shear_range": 20, "zoom_range": 0.2})], images)
    np.testing.assert_allclose(result[:, 7, 20, 0], 200, atol=0.1)


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ([2, 4], {-4, -2, 2, 4}),
        (3, {-2, -1, 0, 1, 2}),
        (1, {0}),
        ([0.5], {-5, 5}),
    ],
)
def test_whole_and_listed_shifts_are_those_values(wanted, allowed):
    import tensorflow as tf

    from cnncli.data.augment.generator import shift_pixels

    chance, side = np.random.default_rng(0).uniform(size=(2, 200))
    pixels = shift_pixels(wanted, 10, tf.constant(chance), tf.constant(side)).numpy()
    assert set(pixels) == allowed


def test_a_fraction_is_of_the_size_and_more_is_pixels():
    import tensorflow as tf

    from cnncli.data.augment.generator import shift_pixels

    chance = tf.constant([0.0, 0.5, 0.75], tf.float64)
    np.testing.assert_allclose(shift_pixels(0.2, 50, chance, chance), [-10, 0, 5])
    np.testing.assert_allclose(shift_pixels(3.0, 50, chance, chance), [-3, 0, 1.5])


PAIRS = [
    ("RandomTranslation", {"height_factor": [0.2, 0.2], "width_factor": 0}, (2, 0)),
    ("RandomTranslation", {"height_factor": 0, "width_factor": [0.2, 0.2]}, (0, 3)),
    ("ImageDataGenerator", {"height_shift_range": [2], "width_shift_range": 0}, (2, 0)),
    ("ImageDataGenerator", {"height_shift_range": 0, "width_shift_range": [3]}, (0, 3)),
]


@pytest.mark.parametrize(("name", "arguments", "moved"), PAIRS)
def test_height_is_rows_and_width_is_columns(name, arguments, moved):
    image = np.zeros((1, 10, 15, 1), np.uint8)
    image[0, 5, 7] = 255
    (place,) = np.argwhere(augment([(name, {**arguments, "fill_mode": "constant"})], image)[0, ..., 0] > 254)
    assert tuple(abs(place - (5, 7))) == moved


@pytest.mark.parametrize(("argument", "extent"), [("height_factor", (3, 9)), ("width_factor", (9, 3))])
def test_zooming_out_by_height_makes_fewer_rows(argument, extent):
    image = np.zeros((1, 27, 27, 1), np.uint8)
    image[0, 9:18, 9:18] = 255
    other = {"height_factor": "width_factor", "width_factor": "height_factor"}[argument]
    arguments = {argument: [2.0, 2.0], other: [0.0, 0.0], "fill_mode": "constant", "interpolation": "nearest"}
    shown = augment([("RandomZoom", arguments)], image)[0, ..., 0] > 127
    assert (shown.any(axis=1).sum(), shown.any(axis=0).sum()) == extent
