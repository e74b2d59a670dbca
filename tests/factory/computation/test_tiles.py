"""Convolutions in tiles: Keras' results but for rounding, in training alone, where they are quicker."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def avx2(monkeypatch):
    """A processor whose products take twice the time of one with AVX-512."""
    from cnncli.factory.computation import choices, tiles

    for module in (choices, tiles):
        monkeypatch.setattr(module, "processor_flags", lambda: frozenset({"avx2"}))


@pytest.fixture
def always(monkeypatch):
    """Tiles are taken however long they take."""
    from cnncli.factory.computation import tiles

    monkeypatch.setattr(tiles, "_MOST", np.inf)


def model_of(size=(8, 8), channels=6, batch_size=7, dtype="float32", **arguments):
    """A convolution with random weights, twice: as Keras computes it, and in tiles where that is quicker."""
    import keras

    from cnncli.factory.computation.tiles import multiply_in_tiles
    from cnncli.factory.layers import Conv2D

    models = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        image = keras.Input((*size, channels))
        layer = Conv2D(**{"filters": 10, "kernel_size": 3, **arguments}, bias_initializer="normal", dtype=dtype)
        models.append(keras.Model(image, layer(image)))
    multiply_in_tiles(models[1], batch_size)
    return models


def results(model, count=7, size=(8, 8), training=True):
    """The outputs, and the gradients of their weighted sum for images and weights, computed in a graph."""
    import tensorflow as tf

    shape = (count, *size, model.input_shape[-1])
    images = tf.constant(np.random.default_rng(2).normal(size=shape), tf.float32)

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *shape[1:]])])
    def computed(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = tf.cast(model(images, training=training), "float32")
            weights = tf.sin(tf.reshape(tf.range(tf.size(outputs), dtype="float32"), tf.shape(outputs)))
            loss = tf.reduce_sum(outputs * weights)
        return [outputs, *tape.gradient(loss, [images, *model.weights])]

    return [each.numpy() for each in computed(images)]


def are_like(first, second):
    """Whether results differ by rounding alone: by less than 1e-4 of what they vary by, and by something."""
    away = [abs(a - b).max() / b.std() for a, b in zip(first, second, strict=True)]
    return max(away) < 1e-4 and max(away) > 0


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("size", [(9, 13), (8, 8), (5, 6)], ids=str)
def test_outputs_and_gradients_are_those_of_keras(always, size, kernel_size, padding):
    plain, tiled = model_of(size, kernel_size=kernel_size, padding=padding, activation="relu")
    for count in (7, 1):  # a whole batch, and the last one of an epoch
        assert are_like(results(tiled, count, size), results(plain, count, size))


@pytest.mark.parametrize("side", [3, 4, 5, 6])
def test_tiles_of_each_size_give_the_same(always, monkeypatch, side):
    from cnncli.factory.computation import tiles

    monkeypatch.setattr(tiles, "_SIDES", {3: (side,)})
    plain, tiled = model_of((11, 9), use_bias=False, padding="same")
    assert are_like(results(tiled, size=(11, 9)), results(plain, size=(11, 9)))


def test_a_batch_in_pieces_gives_the_same_as_in_one(always, monkeypatch):
    from cnncli.factory.computation import tiles

    plain, tiled = model_of()
    whole = results(tiled)
    for most in (3_000, 1):  # three pieces of a batch, and one for each image
        monkeypatch.setattr(tiles, "_AT_ONCE", most)
        for count in (7, 3, 1):  # with fewer images than pieces some of these are empty
            assert are_like(results(tiled, count), results(plain, count))
        np.testing.assert_allclose(results(tiled)[0], whole[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "case",
    [
        {"kernel_size": 1},
        {"kernel_size": 7},
        {"kernel_size": (3, 5)},
        {"strides": 2},
        {"dilation_rate": 2},
        {"groups": 2},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_all_others_stay_as_they_are(always, case):
    plain, tiled = model_of(**case)
    assert not tiled.layers[1].tiled_batch
    assert all(np.array_equal(a, b) for a, b in zip(results(plain), results(tiled), strict=True))


def test_an_image_of_unknown_size_is_computed_as_by_keras(always):
    import tensorflow as tf

    plain, tiled = model_of((None, None))
    images = tf.random.normal([7, 8, 8, 6])

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None, None, 6])])
    def outputs(images):
        return [model(images, training=True) for model in (plain, tiled)]

    first, second = outputs(images)
    assert np.array_equal(first, second)


def test_evaluations_and_frozen_layers_give_the_bits_of_keras(always):
    plain, tiled = model_of()

    def same(training):
        first, second = results(plain, training=training), results(tiled, training=training)
        return all(np.array_equal(a, b) for a, b in zip(first[:2], second[:2], strict=True))

    assert (same(False), same(True)) == (True, False)
    tiled.layers[1].trainable = plain.layers[1].trainable = False
    assert np.array_equal(plain(np.ones((7, 8, 8, 6)), training=True), tiled(np.ones((7, 8, 8, 6)), training=True))


@pytest.mark.parametrize(
    ("image", "kernel", "batch_size", "side"),
    [
        ((16, 16, 512), (5, 5, 512, 512), 128, 4),
        ((16, 16, 256), (3, 3, 256, 512), 128, 4),
        ((7, 7, 256), (3, 3, 256, 256), 512, 4),
        ((5, 5, 256), (3, 3, 256, 256), 512, 5),
        ((3, 3, 256), (3, 3, 256, 256), 512, 3),
        ((32, 32, 64), (3, 3, 64, 64), 128, None),  # few channels
        ((31, 31, 24), (3, 3, 24, 64), 512, None),
        ((4, 4, 512), (3, 3, 512, 512), 32, None),  # few pixels for a large kernel
        ((4, 4, 512), (3, 3, 512, 512), 512, 4),
        ((None, 16, 512), (3, 3, 512, 512), 128, None),
    ],
)
def test_tiles_are_taken_where_they_were_measured_to_be_quicker(image, kernel, batch_size, side):
    from cnncli.factory.computation.tiles import quickest_tiles

    tiles = quickest_tiles((None, *image), kernel, "same", batch_size)
    assert (tiles and tiles.side) == side


def test_wider_registers_ask_for_more_channels(monkeypatch):
    from cnncli.factory.computation import tiles

    shapes = (None, 24, 24, 64), (3, 3, 64, 128)
    assert tiles.quickest_tiles(*shapes, "same", 128)
    monkeypatch.setattr(tiles, "processor_flags", lambda: frozenset({"avx2", "avx512f"}))
    assert not tiles.quickest_tiles(*shapes, "same", 128)
    assert tiles.quickest_tiles((None, 16, 16, 512), (5, 5, 512, 512), "same", 128)


def test_a_new_training_chooses_it_and_one_of_an_earlier_version_does_not():
    from cnncli.factory.computation.choices import choices_of
    from cnncli.runner.execution.execution import OneDevice

    plain, _ = model_of()
    with choices_of({"updates": "once"}):
        OneDevice().prepare(plain, 32, 256)
    assert plain.layers[1].tiled_batch == 0
    OneDevice().prepare(plain, 32, 256)
    assert plain.layers[1].tiled_batch in (16, 32)  # with one thread on each of two cores a half of the batch
