"""A cell of a feature map lies where its window looks."""

import numpy as np
import pytest

from cnncli.insight.places import Axis, sampled

pytestmark = pytest.mark.slow


def centre_seen_by(layers, size, row, column):
    """The middle of the pixels that a cell depends on, and where the calculation puts it."""
    import keras
    import tensorflow as tf

    from cnncli.insight.feature_maps import Network

    image = keras.Input((size, size, 1))
    tensor = image
    for layer in layers:
        tensor = layer(tensor)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(tensor)))
    for weight in model.weights:
        weight.assign(np.ones(weight.shape))  # so that no gradient cancels another
    (found,) = Network(model).last_feature_maps()
    pixels = tf.ones((1, size, size, 1))
    until = keras.Model(image, tensor)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        cell = until(pixels)[0, row, column, 0]
    seen = np.abs(tape.gradient(cell, pixels)[0, :, :, 0]) > 0
    middle = tuple(np.flatnonzero(seen.any(axis=1 - side))[[0, -1]].mean() for side in (0, 1))
    axes = (found.place.rows, found.place.columns)
    return middle, tuple(axis.first + axis.step * at for axis, at in zip(axes, (row, column), strict=True))


def stacks():
    from keras import layers

    def convolution(**more):
        return layers.Conv2D(1, **{"kernel_size": 3, **more})

    return {
        "valid": [convolution(), convolution(kernel_size=5)],
        "strided same": [convolution(strides=2, padding="same"), convolution(strides=2, padding="same")],
        "dilated": [convolution(dilation_rate=2, padding="same"), layers.AveragePooling2D(2)],
        "pools": [convolution(padding="same"), layers.AveragePooling2D(3, strides=2, padding="same")],
        "uneven": [convolution(kernel_size=(3, 5), strides=(2, 1)), layers.AveragePooling2D((1, 2))],
        "borders": [
            layers.ZeroPadding2D(((0, 1), (2, 1))),
            convolution(strides=2),
            layers.Cropping2D(((1, 0), (0, 2))),
            convolution(),
        ],
        "enlarged": [convolution(strides=2, padding="same"), layers.UpSampling2D(2), convolution()],
        "separable": [layers.SeparableConv2D(1, 3, strides=2), layers.DepthwiseConv2D(3, padding="same")],
        "wrapped": [layers.SpectralNormalization(convolution(strides=2))],
        "branches": [convolution(), layers.Activation("relu"), convolution(strides=2, padding="same")],
    }


@pytest.mark.parametrize("name", ["valid", "strided same", "dilated", "pools", "uneven", "borders", "enlarged"])
def test_a_cell_lies_in_the_middle_of_what_it_sees(name):
    seen, calculated = centre_seen_by(stacks()[name], 33 if name == "pools" else 32, 5, 6)
    step = 1 if name == "enlarged" else 0.5  # between two cells of an enlarged map there is no pixel
    np.testing.assert_allclose(calculated, seen, atol=step if name == "enlarged" else 1e-6)


@pytest.mark.parametrize("name", ["separable", "wrapped", "branches"])
def test_so_does_one_of_any_other_layer_with_a_window(name):
    seen, calculated = centre_seen_by(stacks()[name], 32, 5, 6)
    np.testing.assert_allclose(calculated, seen, atol=1e-6)


def test_a_stretched_axis_covers_the_same_length():
    assert Axis(0, 1).stretched(28, 7) == Axis(1.5, 4)
    assert Axis(1.5, 4).stretched(7, 28) == Axis(0, 1)


def test_between_cells_values_lie_on_a_line_and_beyond_them_they_stay():
    cells = np.array([[0, 4], [8, 12]])
    rows = np.array([-3, 0.5, np.nan])
    expected = [[0, 1, 4], [4, 5, 8], [0, 0, 0]]
    values = sampled(cells, rows, np.array([0, 0.25, 9]))
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected)
