"""Layers that are computed in other ways than Keras has them: the results and gradients are Keras'."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.factory.objects import construct

pytestmark = pytest.mark.slow


def result_and_gradients(layer, images, **how):
    """What it makes of the images, and how the sum of its cubes depends on image and weights."""
    from cnncli.startup import tf

    given = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(given)
        result = layer(given, **how)
        loss = tf.reduce_sum(result**3)
    return [result, *tape.gradient(loss, [given, *(weight.value for weight in layer.trainable_variables)])]


def operations(layer, images, **how):
    """The names of the operations that compute the gradient of its first weights."""
    from cnncli.startup import tf

    @tf.function(autograph=False)
    def step(images):
        with tf.GradientTape() as tape:
            result = layer(images, **how)
        return tape.gradient(result, layer.trainable_variables[0].value)

    return {operation.type for operation in step.get_concrete_function(tf.constant(images)).graph.get_operations()}


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "channels", "strides"), [((9, 12), 3, 2), ((8, 7), 15, [3, 1]), ((9, 9), 16, 2), ((1, 5), 1, [2, 2])]
)
def test_the_pixels_it_takes_first_are_those_that_keras_would_take(entry, size, channels, strides, padding):
    arguments = {"filters": 4, "kernel_size": 1, "strides": strides, "padding": padding, "activation": "relu"}
    ours = construct(entry("layer", {"Conv2D": arguments}))
    from cnncli.startup import keras

    images = np.random.default_rng(0).normal(size=(3, *size, channels)).astype(np.float32)
    ours(images)
    weights = [np.random.default_rng(1).normal(size=weight.shape) for weight in ours.get_weights()]
    ours.set_weights(weights)
    pixels = images[:, :: ours.strides[0], :: ours.strides[1]]
    plain = keras.layers.Conv2D(4, 1, activation="relu")
    plain(pixels)
    plain.set_weights(weights)
    found, expected = result_and_gradients(ours, images), result_and_gradients(plain, pixels)
    found[1] = found[1][:, :: ours.strides[0], :: ours.strides[1]]
    for ours_is, theirs_is in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours_is, theirs_is, rtol=1e-5, atol=1e-5)


def test_its_gradient_is_computed_without_strides(entry):
    from cnncli.startup import tf

    layer = construct(entry("layer", {"Conv2D": {"filters": 4, "kernel_size": 1, "strides": 2}}))

    @tf.function(autograph=False)
    def step(images):
        with tf.GradientTape() as tape:
            result = layer(images)
        return tape.gradient(result, layer.trainable_variables[0].value)

    graph = step.get_concrete_function(tf.TensorSpec((2, 9, 9, 3))).graph  # traced, never run
    strides = [
        list(operation.get_attr("strides"))
        for operation in graph.get_operations()
        if operation.type.startswith("Conv2D")
    ]
    assert strides
    assert all(stride == [1, 1, 1, 1] for stride in strides)


@pytest.fixture
def quick(monkeypatch):
    """Says whether this machine has instructions for bfloat16; the results are the same if it has none."""
    from cnncli.factory import layers

    def is_quick(says):
        monkeypatch.setattr(layers, "onednn_has_bfloat16", lambda: says)

    monkeypatch.setattr(layers, "has_gpu", lambda: False)
    is_quick(True)
    return is_quick


def twins(entry, name, arguments, images, dtype):
    """The layer as a spec has it and Keras' own, with the same weights."""
    from cnncli.startup import keras

    ours = construct(entry("layer", {name: arguments}), dtype=dtype)
    theirs = getattr(keras.layers, name)(**arguments, dtype=dtype)
    for layer in (ours, theirs):
        layer.build(images.shape)
    ours.set_weights([np.random.default_rng(1).uniform(0.5, 2, size=weight.shape) for weight in ours.weights])
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def as_float32(values):
    from cnncli.startup import tf

    return [tf.cast(value, "float32").numpy() for value in values]


def in_bfloat16(values):
    from cnncli.startup import tf

    return [tf.cast(value, "bfloat16") for value in values]


def images_of(*shape, dtype="float32"):
    from cnncli.startup import tf

    return tf.cast(np.random.default_rng(0).normal(2, 3, size=shape), dtype)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel", [1, 3, [2, 4], [5, 1]])
def test_the_gradient_of_a_kernel_over_small_images_is_that_of_float32(entry, quick, kernel, padding):
    images = images_of(6, 7, 5, 40, dtype="bfloat16")
    arguments = {"filters": 12, "kernel_size": kernel, "padding": padding}
    layers = twins(entry, "Conv2D", arguments, images, "mixed_bfloat16")
    (*ours, computed, bias), (*theirs, _, same) = (as_float32(result_and_gradients(layer, images)) for layer in layers)
    np.testing.assert_array_equal(ours[0], theirs[0])
    for found, expected in zip([*ours, bias], [*theirs, same], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-2 * np.abs(expected).max())
    # where oneDNN has no bfloat16, Keras' own is rounded at every step
    _, exact = twins(entry, "Conv2D", arguments, images, "float32")
    exact.set_weights(as_float32(in_bfloat16(exact.weights)))
    true = as_float32(result_and_gradients(exact, as_float32([images])[0]))[2]
    np.testing.assert_allclose(computed, true, rtol=1e-2, atol=1e-2 * np.abs(true).max())


@pytest.mark.parametrize(
    ("change", "shape", "dtype", "products"),
    [
        ({}, (3, 8, 26), "mixed_bfloat16", True),
        ({}, (2, 9, 26), "mixed_bfloat16", False),
        ({}, (3, 8, 24), "mixed_bfloat16", False),
        ({}, (3, 8, 26), "float32", False),
        ({"strides": 2}, (3, 8, 26), "mixed_bfloat16", False),
        ({"groups": 2}, (3, 8, 26), "mixed_bfloat16", False),
        ({"dilation_rate": 2}, (3, 8, 26), "mixed_bfloat16", False),
    ],
)
def test_products_take_the_place_of_what_onednn_is_slow_at_and_of_nothing_else(
    entry, quick, change, shape, dtype, products
):
    arguments = {"filters": 4, "kernel_size": 3, "padding": "same", **change}
    images = images_of(2, *shape, dtype=dtype.removeprefix("mixed_"))
    ours, _ = twins(entry, "Conv2D", arguments, images, dtype)
    assert ("MatMul" in operations(ours, images)) is products
    quick(False)
    assert "MatMul" not in operations(ours, images)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("channels", [5, 16])
@pytest.mark.parametrize("change", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.5}, {"momentum": 0.5}])
def test_normalisation_in_training_is_that_of_keras(entry, quick, change, channels, dtype):
    images = images_of(2, 3, 2, channels, dtype=dtype.removeprefix("mixed_"))  # so few that N and N - 1 differ
    layers = twins(entry, "BatchNormalization", {"axis": 3, **change}, images, dtype)
    ours, theirs = (as_float32(result_and_gradients(layer, images, training=True)) for layer in layers)
    for found, expected in zip(ours, theirs, strict=True):
        tolerance = 1e-4 if dtype == "float32" else 2e-2
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())
    for found, expected in zip(*(layer.get_weights() for layer in layers), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_normalisation_is_one_operation_in_training_and_as_keras_has_it_else(entry, quick):
    images = images_of(2, 3, 2, 16)
    ours, theirs = twins(entry, "BatchNormalization", {}, images, "float32")
    assert "FusedBatchNormV3" in operations(ours, images, training=True)
    np.testing.assert_array_equal(ours(images), theirs(images))
    assert "FusedBatchNormV3" not in operations(ours, images)
    ours.trainable = False  # so that it normalises by what it holds
    np.testing.assert_array_equal(ours(images, training=True), theirs(images))


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [((4, 6), {}), ((4, 5, 6), {}), ((4, 3, 5, 6), {"axis": 1}), ((4, 3, 5, 6), {"renorm": True})],
)
def test_normalisation_of_what_the_operation_does_not_take_is_left_to_keras(entry, quick, shape, arguments):
    images = images_of(*shape)
    layers = twins(entry, "BatchNormalization", arguments, images, "float32")
    assert "FusedBatchNormV3" not in operations(layers[0], images, training=True)
    ours, theirs = (result_and_gradients(layer, images, training=True) for layer in layers)
    for found, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D"])
@pytest.mark.parametrize("change", [{}, {"strides": 2}, {"kernel_size": 5}, {"use_bias": False, "activation": "relu"}])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_channels_by_themselves_become_what_keras_makes_of_them(entry, quick, name, change, dtype):
    arguments = {"kernel_size": 3, "padding": "same", **({"filters": 5} if name == "SeparableConv2D" else {}), **change}
    images = images_of(2, 9, 6, 4, dtype=dtype.removeprefix("mixed_"))
    layers = twins(entry, name, arguments, images, dtype)
    ours, theirs = (result_and_gradients(layer, images) for layer in layers)
    assert [found.dtype for found in ours] == [expected.dtype for expected in theirs]
    for found, expected in zip(as_float32(ours), as_float32(theirs), strict=True):
        tolerance = 0 if dtype == "float32" else 3e-2
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D"])
@pytest.mark.parametrize(
    ("change", "computes"),
    [
        ({}, "bfloat16"),
        ({"kernel_size": [1, 2]}, "bfloat16"),
        ({"strides": 2}, "float32"),
        ({"kernel_size": [3, 4]}, "float32"),
        ({"depth_multiplier": 2}, "float32"),
    ],
)
def test_channels_by_themselves_are_computed_in_bfloat16_where_that_is_quick(
    entry, quick, monkeypatch, name, change, computes
):
    from cnncli.factory import layers
    from cnncli.startup import keras

    arguments = {"kernel_size": 3, **({"filters": 5} if name == "SeparableConv2D" else {}), **change}
    images = images_of(2, 9, 6, 4, dtype="bfloat16")
    ours, _ = twins(entry, name, arguments, images, "mixed_bfloat16")
    kernels = {gradient.dtype.name for gradient in result_and_gradients(ours, images)[2:]}
    assert ours.compute_dtype == computes
    assert (ours(images).dtype, kernels) == ("bfloat16", {"float32"})
    assert ours.compute_output_spec(keras.KerasTensor(images.shape, "bfloat16")).dtype == "bfloat16"
    monkeypatch.setattr(layers, "has_gpu", lambda: True)
    assert ours.compute_dtype == "bfloat16"
