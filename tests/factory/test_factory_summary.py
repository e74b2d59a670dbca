"""Parameters and multiplications, held against figures reckoned by hand."""

from __future__ import annotations

import pytest

from cnncli.factory.summary import summarize
from cnncli.spec.shapes import summarize_shapes

pytestmark = pytest.mark.slow


def conv(filters: int, kernel_size: int, **more) -> dict:
    return {"Conv2D": {"filters": filters, "kernel_size": kernel_size, **more}}


POOL = {"MaxPooling2D": {"pool_size": 2}}
THREE_STAGE = [
    conv(16, 2, padding="same", activation="relu"),
    POOL,
    conv(32, 2, padding="same", activation="relu"),
    POOL,
    conv(64, 2, padding="same", activation="relu"),
    POOL,
    "Flatten",
    {"Dense": {"units": 500, "activation": "relu"}},
    {"Dense": {"units": 10, "activation": "softmax"}},
]


def test_the_three_stage_network_has_the_figures_of_its_tutorial(build):
    summary = summarize(build(*THREE_STAGE, shape=(32, 32, 3)))
    scale, *rows = summary.rows
    assert (scale.name, scale.parameters, scale.index) == ("scale", 0, None)
    assert [row.index for row in rows] == list(range(9))
    assert [row.parameters for row in rows] == [208, 0, 2080, 0, 8256, 0, 0, 512_500, 5010]
    assert [row.output_shape for row in rows] == [
        (32, 32, 16), (16, 16, 16), (16, 16, 32), (8, 8, 32), (8, 8, 64), (4, 4, 64), (1024,), (500,), (10,),
    ]  # fmt: skip
    assert summary.parameters == summary.trainable == 528_054
    assert summary.weight_bytes == 4 * 528_054
    assert summary.input_shape == (32, 32, 3)
    assert [row.macs for row in rows] == [
        32 * 32 * 16 * (2 * 2 * 3), 0, 16 * 16 * 32 * (2 * 2 * 16), 0, 8 * 8 * 64 * (2 * 2 * 32), 0, 0,
        1024 * 500, 500 * 10,
    ]  # fmt: skip
    assert summary.macs == 1_762_184


@pytest.mark.parametrize(
    ("layer", "parameters", "macs"),
    [
        # each on an image of 9×9 with 4 channels
        (conv(8, 3), 3 * 3 * 4 * 8 + 8, 7 * 7 * 8 * 3 * 3 * 4),
        (conv(8, 3, strides=2, use_bias=False), 3 * 3 * 4 * 8, 4 * 4 * 8 * 3 * 3 * 4),
        (conv(8, 3, dilation_rate=2), 3 * 3 * 4 * 8 + 8, 5 * 5 * 8 * 3 * 3 * 4),
        (conv(8, 3, groups=2), 3 * 3 * 2 * 8 + 8, 7 * 7 * 8 * 3 * 3 * 2),
        (conv(8, 1), 4 * 8 + 8, 9 * 9 * 8 * 4),
        ({"DepthwiseConv2D": {"kernel_size": 3}}, 3 * 3 * 4 + 4, 7 * 7 * 4 * 3 * 3),
        (
            {"SeparableConv2D": {"filters": 8, "kernel_size": 3, "padding": "same"}},
            3 * 3 * 4 + 4 * 8 + 8,
            9 * 9 * (4 * 3 * 3 + 4 * 8),
        ),
        (
            {"Conv2DTranspose": {"filters": 8, "kernel_size": 3, "strides": 2}},
            3 * 3 * 4 * 8 + 8,
            9 * 9 * 4 * 3 * 3 * 8,
        ),
        ({"Dense": {"units": 6}}, 4 * 6 + 6, 9 * 9 * 4 * 6),
        ("ReLU", 0, 0),
    ],
)
def test_multiplications_of_one_layer(build, layer, parameters, macs):
    row = summarize(build(layer, shape=(9, 9, 4))).rows[-1]
    assert (row.parameters, row.macs) == (parameters, macs)


def test_moving_averages_are_weights_that_no_training_step_changes(build):
    summary = summarize(build("BatchNormalization", shape=(9, 9, 4)))
    assert (summary.parameters, summary.trainable, summary.weight_bytes) == (16, 8, 64)


@pytest.mark.parametrize(
    "layers",
    [
        THREE_STAGE,
        [conv(8, 3), conv(8, 3, strides=2, padding="same"), conv(8, [3, 5], dilation_rate=[1, 2]), "Flatten"],
        [{"AveragePooling2D": {"pool_size": 3, "strides": 2, "padding": "same"}}, "GlobalMaxPooling2D"],
        [{"MaxPooling2D": {"pool_size": [3, 2]}}, {"GlobalAveragePooling2D": {"keepdims": True}}],
        [{"DepthwiseConv2D": {"kernel_size": 3, "depth_multiplier": 2}}, {"UpSampling2D": {"size": [2, 3]}}],
        [{"SeparableConv2D": {"filters": 5, "kernel_size": 4, "strides": 3}}, "BatchNormalization", "ReLU"],
        ["Flatten", {"Reshape": {"target_shape": [32, 96]}}, {"Dense": {"units": "classes"}}],
    ],
)
def test_the_arithmetic_that_checks_a_spec_agrees_with_keras(build, entry, layers):
    entries = [entry("layer", layer) for layer in layers]
    built = summarize(build(*layers, shape=(32, 32, 3))).rows[1:]
    assert summarize_shapes(entries, (32, 32, 3), 10) == [row.output_shape for row in built]
