"""The receptive field, against hand reckoning, against published figures and against the gradient itself."""

from __future__ import annotations

from math import prod

import pytest

from cnncli.factory.receptive import Axis


class TestAxis:
    def test_a_pixel_sees_itself(self):
        assert (Axis().size, Axis().first(7), Axis().last(7)) == (1, 7, 7)

    def test_windows_add_up_each_by_the_strides_before_it(self):
        axis = Axis().window(7, 2, 3).window(3, 2, 1).window(3, 1, 1)
        assert axis.size == 7 + (3 - 1) * 2 + (3 - 1) * 4
        assert axis.first(1) - axis.first(0) == axis.step == 4

    def test_an_enlarged_map_sees_no_more_but_moves_in_smaller_steps(self):
        axis = Axis().window(3, 2, 0).enlarged(2, lambda i: (i // 2, i // 2))
        assert (axis.size, axis.step, len(axis.firsts)) == (3, 2, 2)
        assert [axis.first(i) for i in range(5)] == [0, 0, 2, 2, 4]
        # Three neighbours of it are at most two of the map before: 3 + 2 pixels.
        assert axis.window(3, 1, 1).size == 5
        assert axis.window(2, 2, 0) == Axis((0,), (2,), 2)

    def test_branches_see_what_either_sees(self):
        left, right = Axis().window(3, 1, 2), Axis().window(3, 1, 0)
        assert left.joined(right) == Axis((-2,), (2,), 1)


def plain(*layers):
    """Layers whose output grows with every pixel that it depends on: weights of one, no function."""
    import keras

    keras.config.set_floatx("float32")
    made = [keras.Input((41, 43, 1))]
    for name, arguments in layers:
        kernel = {"Conv2D": "kernel", "Conv2DTranspose": "kernel", "DepthwiseConv2D": "depthwise"}.get(name)
        ones = {f"{kernel}_initializer": "ones"} if kernel else {}
        ones |= {"depthwise_initializer": "ones", "pointwise_initializer": "ones"} if name == "SeparableConv2D" else {}
        made.append(getattr(keras.layers, name)(**arguments, **ones)(made[-1]))
    return keras.Model(made[0], made[-1])


def seen_by_gradient(model) -> tuple[int, int]:
    """Height and width of the pixels that change an output near the middle; of the output where that is most."""
    import numpy as np
    import tensorflow as tf

    image = tf.ones((1, *model.input_shape[1:]))
    height, width = model.output_shape[1:3]
    sizes = []
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        output = model(image)
        middle = [output[0, height // 2 + i, width // 2 + i, 0] for i in range(min(4, height // 2, width // 2))]
    for value in middle:
        rows, columns = np.nonzero(tape.gradient(value, image).numpy()[0, :, :, 0])
        sizes.append((np.ptp(rows) + 1, np.ptp(columns) + 1))
    return max(size[0] for size in sizes), max(size[1] for size in sizes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([("Conv2D", {"filters": 1, "kernel_size": (3, 5)})], (3, 5)),
        ([("Conv2D", {"filters": 1, "kernel_size": 3, "dilation_rate": 3, "padding": "same"})], (7, 7)),
        (
            [
                ("Conv2D", {"filters": 1, "kernel_size": 3, "strides": 2, "padding": "same"}),
                ("AveragePooling2D", {"pool_size": 2}),
                ("DepthwiseConv2D", {"kernel_size": 3}),
            ],
            (3 + 2 + 8, 3 + 2 + 8),
        ),
        (
            [
                ("ZeroPadding2D", {"padding": 1}),
                ("Conv2D", {"filters": 1, "kernel_size": 4, "strides": 3}),
                ("Cropping2D", {"cropping": 1}),
                ("SeparableConv2D", {"filters": 1, "kernel_size": 2}),
            ],
            (4 + 3, 4 + 3),
        ),
        (
            [
                ("AveragePooling2D", {"pool_size": 3, "strides": 2}),
                ("Conv2DTranspose", {"filters": 1, "kernel_size": 3, "strides": 2}),
                ("Conv2D", {"filters": 1, "kernel_size": 3}),
            ],
            (3 + 2 * 2, 3 + 2 * 2),
        ),
        (
            [
                ("Conv2DTranspose", {"filters": 1, "kernel_size": 5, "strides": 2, "padding": "same"}),
                ("Conv2D", {"filters": 1, "kernel_size": 3, "strides": 3}),
            ],
            (4, 4),
        ),
        (
            [
                ("AveragePooling2D", {"pool_size": 2}),
                ("UpSampling2D", {"size": (2, 3)}),
                ("Conv2D", {"filters": 1, "kernel_size": 3, "padding": "same"}),
            ],
            (4, 4),
        ),
        (
            [("AveragePooling2D", {"pool_size": 2}), ("UpSampling2D", {"size": 2, "interpolation": "bilinear"})],
            (4, 4),
        ),
    ],
)
def test_it_is_as_far_as_the_gradient_reaches(layers, expected):
    from cnncli.factory.summary import summarize

    model = plain(*layers)
    assert summarize(model).rows[-1].receptive_field == expected
    assert seen_by_gradient(model) == expected


@pytest.mark.slow
def test_branches_of_a_network_count_together_and_pools_of_all_see_all(build):
    from cnncli.factory.summary import summarize

    rows = summarize(
        build(
            {"Conv2D": {"filters": 2, "kernel_size": 3, "padding": "same", "name": "stem"}},
            {"Conv2D": {"filters": 2, "kernel_size": 5, "padding": "same", "name": "wide"}},
            {"Conv2D": {"filters": 2, "kernel_size": 1, "padding": "same", "name": "narrow", "inputs": "stem"}},
            {"Add": {"inputs": ["wide", "narrow"], "name": "sum"}},
            {"GlobalAveragePooling2D": {"keepdims": True, "name": "all"}},
            {"Multiply": {"inputs": ["narrow", "all"], "name": "gate"}},
            {"Conv2D": {"filters": 2, "kernel_size": 3, "name": "last"}},
            "Flatten",
            {"Dense": {"units": "classes"}},
        )
    ).rows
    fields = {row.name: row.receptive_field for row in rows}
    assert [fields[name] for name in ("scale", "stem", "wide", "narrow", "sum")] == [(n, n) for n in (1, 3, 7, 3, 7)]
    assert [fields[name] for name in ("all", "gate", "last", "dense_1")] == ["image"] * 4


@pytest.mark.slow
def test_an_absurd_enlargement_is_unknown_rather_than_endless(build):
    from cnncli.factory.summary import summarize

    up = {"UpSampling2D": {"size": 70}}
    rows = summarize(build(up, {"MaxPooling2D": {"pool_size": 70}}, up, up, "Flatten", shape=(2, 2, 1))).rows
    assert [row.receptive_field for row in rows] == [(1, 1), (1, 1), (1, 1), (1, 1), None, "image"]
    assert prod(rows[-1].output_shape) == 9800**2
