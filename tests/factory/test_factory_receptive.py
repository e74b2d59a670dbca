"""The receptive field of built models, against the gradient itself."""

from __future__ import annotations

import pytest

ONES = {
    # so that every pixel that an output depends on changes it
    "Conv2D": ["kernel_initializer"],
    "DepthwiseConv2D": ["depthwise_initializer"],
    "SeparableConv2D": ["depthwise_initializer", "pointwise_initializer"],
}


def reached_by_gradient(model) -> tuple[int, int]:
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
        ([("Conv2D", {"filters": 1, "kernel_size": [3, 5]})], (3, 5)),
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
    ],
)
def test_it_is_as_far_as_the_gradient_reaches(summary, layers, expected):
    ones = [{name: {**arguments, **dict.fromkeys(ONES.get(name, ()), "ones")}} for name, arguments in layers]
    models = []
    rows = summary(*ones, shape=(41, 43, 1), change=models.append).rows
    assert rows[-1].receptive_field == expected
    assert reached_by_gradient(models[0]) == expected


@pytest.mark.slow
def test_branches_of_a_network_count_together_and_global_pools_depend_on_all(summary):
    rows = summary(
        {"Conv2D": {"filters": 2, "kernel_size": 3, "padding": "same", "name": "stem"}},
        {"Conv2D": {"filters": 2, "kernel_size": 5, "padding": "same", "name": "wide"}},
        {"Conv2D": {"filters": 2, "kernel_size": 1, "padding": "same", "name": "narrow", "inputs": "stem"}},
        {"Add": {"inputs": ["wide", "narrow"], "name": "sum"}},
        {"GlobalAveragePooling2D": {"keepdims": True, "name": "all"}},
        {"Multiply": {"inputs": ["narrow", "all"], "name": "gate"}},
        {"Conv2D": {"filters": 2, "kernel_size": 3, "name": "last"}},
        "Flatten",
        {"Dense": {"units": "classes"}},
    ).rows
    fields = {row.name: row.receptive_field for row in rows}
    assert [fields[name] for name in ("scale", "stem", "wide", "narrow", "sum")] == [(n, n) for n in (1, 3, 7, 3, 7)]
    assert [fields[name] for name in ("all", "gate", "last", "dense_1")] == ["image"] * 4


@pytest.mark.slow
def test_after_an_enlargement_it_is_unknown(summary):
    rows = summary({"MaxPooling2D": {"pool_size": 2}}, "UpSampling2D", "ReLU", "Flatten", shape=(8, 8, 1)).rows
    assert [row.receptive_field for row in rows] == [(1, 1), (2, 2), None, None, "image"]
