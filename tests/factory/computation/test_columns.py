"""Convolutions for two columns at once: Keras' results but for the last digits, in training alone."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def model_of(size=(8, 6), channels=1, dtype="float32", **arguments):
    """A convolution with random weights, twice: as Keras computes it, and in pairs if that is quicker."""
    import keras

    from cnncli.factory.computation.columns import pair_columns
    from cnncli.factory.layers import Conv2D

    models = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        image = keras.Input((*size, channels))
        layer = Conv2D(**{"filters": 8, "kernel_size": 3, **arguments}, bias_initializer="normal", dtype=dtype)
        models.append(keras.Model(image, layer(image)))
    pair_columns(models[1])
    return models


def results(model, images, training):
    """The outputs, and the gradients of their weighted sum for images and weights."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = model(images, training=training)
        weights = np.random.default_rng(1).normal(size=outputs.shape).astype("float32")
        loss = tf.reduce_sum(outputs * weights)
    return [outputs, *tape.gradient(loss, [images, *model.weights])]


def images_of(model, count=5):
    import tensorflow as tf

    shape = (count, *model.input_shape[1:])
    return tf.constant(np.random.default_rng(2).normal(size=shape), tf.float32)


def test_outputs_and_gradients_are_those_of_keras():
    cases = [
        {},
        {"padding": "same"},
        {"size": (5, 8), "channels": 3, "kernel_size": 5, "filters": 1, "activation": "relu", "padding": "same"},
        {"size": (9, 10), "channels": 8, "kernel_size": (2, 7), "filters": 3, "use_bias": False},
        {"size": (7, 4), "kernel_size": (1, 3), "padding": "same", "activation": "softmax"},
    ]
    for case in cases:
        plain, paired = model_of(**case)
        assert (plain.layers[1].in_pairs, paired.layers[1].in_pairs) == (False, True), case
        images = images_of(plain)
        for a, b in zip(results(plain, images, True), results(paired, images, True), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=str(case))


@pytest.mark.parametrize(
    "case",
    [
        {"filters": 9},
        {"channels": 9},
        {"kernel_size": 1},
        {"kernel_size": (3, 2)},
        {"strides": 2},
        {"dilation_rate": 2},
        {"channels": 2, "groups": 2},
        {"size": (8, 7)},
        {"size": (None, None)},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_all_others_stay_as_they_are(case):
    assert not model_of(**case)[1].layers[1].in_pairs


def test_evaluations_and_frozen_layers_give_the_bits_of_keras():
    plain, paired = model_of()
    images = images_of(plain, 32)

    def same(training):
        first, second = results(plain, images, training), results(paired, images, training)
        return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

    assert (same(False), same(True)) == (True, False)
    paired.layers[1].trainable = False
    assert np.array_equal(plain(images, training=True), paired(images, training=True))


def test_a_training_with_avx_512_chooses_it_and_one_of_an_earlier_version_does_not(monkeypatch):
    from cnncli.factory.computation import choices
    from cnncli.factory.computation.choices import choices_of
    from cnncli.runner.execution.execution import OneDevice

    model, _ = model_of()
    for flags in ("avx2", "avx2 avx512f"):
        monkeypatch.setattr(choices, "processor_flags", lambda flags=flags: flags.split())
        with choices_of({"updates": "once"}):
            OneDevice().prepare(model, 32, 256)
        assert not model.layers[1].in_pairs
        OneDevice().prepare(model, 32, 256)
        assert model.layers[1].in_pairs == ("avx512f" in flags)
