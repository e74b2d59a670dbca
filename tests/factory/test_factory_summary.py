"""Parameters, multiplications and the order of layers, held against figures reckoned by hand and published ones."""

from __future__ import annotations

import pytest

from cnncli.catalog.backbones import BACKBONES
from cnncli.spec.shapes.network_shapes import infer_shapes

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


def test_the_three_stage_network_has_the_figures_of_its_tutorial(summary):
    figures = summary(*THREE_STAGE, shape=(32, 32, 3))
    scale, *rows = figures.rows
    assert (scale.name, scale.parameters, scale.inputs) == ("scale", 0, (-1,))
    assert [row.inputs for row in rows] == [(index,) for index in range(9)]
    assert [row.parameters for row in rows] == [208, 0, 2080, 0, 8256, 0, 0, 512_500, 5010]
    assert [row.output_shape for row in rows] == [
        (32, 32, 16), (16, 16, 16), (16, 16, 32), (8, 8, 32), (8, 8, 64), (4, 4, 64), (1024,), (500,), (10,),
    ]  # fmt: skip
    assert figures.parameters == figures.trainable == 528_054
    assert figures.weight_bytes == 4 * 528_054
    assert figures.input_shape == (32, 32, 3)
    assert [row.macs for row in rows] == [
        32 * 32 * 16 * (2 * 2 * 3), 0, 16 * 16 * 32 * (2 * 2 * 16), 0, 8 * 8 * 64 * (2 * 2 * 32), 0, 0,
        1024 * 500, 500 * 10,
    ]  # fmt: skip
    assert figures.macs == 1_762_184
    assert [row.receptive_field for row in rows] == [*((n, n) for n in (2, 3, 5, 7, 11, 15)), *["image"] * 3]
    assert [row.details for row in rows[:2]] == ["2×2, relu", "2×2"]
    assert [row.activation_bytes for row in rows[:2]] == [4 * 32 * 32 * 16, 4 * 16 * 16 * 16]


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
        ({"SpectralNormalization": {"layer": conv(8, 3)}}, 3 * 3 * 4 * 8 + 8 + 8, None),
    ],
)
def test_multiplications_of_one_layer(summary, layer, parameters, macs):
    row = summary(layer, shape=(9, 9, 4)).rows[-1]
    assert (row.parameters, row.macs) == (parameters, macs)


@pytest.mark.parametrize(
    ("layer", "flops"),
    [
        # each on an image of 9×9 with 4 channels
        (conv(8, 3, use_bias=False), 2 * 7 * 7 * 8 * 3 * 3 * 4),
        (conv(8, 3, activation="relu"), 7 * 7 * 8 * (2 * 3 * 3 * 4 + 1 + 1)),
        ({"AveragePooling2D": {"pool_size": 3}}, 3 * 3 * 4 * 9),
        ("GlobalAveragePooling2D", 9 * 9 * 4),
        ("BatchNormalization", 2 * 9 * 9 * 4),
        ("ReLU", 9 * 9 * 4),
        ({"Dropout": {"rate": 0.5}}, 0),
    ],
)
def test_all_operations_of_one_layer(summary, layer, flops):
    assert summary(layer, shape=(9, 9, 4)).rows[-1].flops == flops


RESIDUAL = {
    "residual": {
        "layers": [
            {"Conv2D": {"filters": 4, "kernel_size": 3, "padding": "same"}},
            {"BatchNormalization": {"name": "main"}},
            {"Conv2D": {"filters": 4, "kernel_size": 1, "inputs": "input", "name": "shortcut"}},
            {"Add": {"inputs": ["main", "shortcut"]}},
        ]
    }
}


def test_a_graph_is_listed_in_the_order_of_the_spec_and_knows_its_lines(summary, network):
    layers = [conv(4, 3), {"residual": {"repeat": 2}}, "Flatten"]
    nodes = network(*layers, blocks=RESIDUAL)
    rows = summary(*layers, blocks=RESIDUAL).rows
    assert [row.name for row in rows] == ["scale", *(node.name for node in nodes)]
    assert [row.inputs for row in rows[1:]] == [tuple(index + 1 for index in node.inputs) for node in nodes]
    assert [row.path for row in rows] == [(), *(node.path for node in nodes)]
    assert rows[5].path == rows[9].path == ("model", "blocks", "residual", "layers", 3)


# MACs: Howard et al., MobileNets (2017), table 8; He et al., Deep Residual Learning (2015), table 1; Sandler et al.,
# MobileNetV2 (2018), table 4; Tan and Le, EfficientNet (2019), table 2. What the last map sees: Araujo, Norris and Sim,
# Computing Receptive Fields of Convolutional Neural Networks (2019); a MobileNetV2 is not among theirs, an EfficientNet
# looks at means of the image.
@pytest.mark.representatives("MobileNet-")
@pytest.mark.parametrize(
    ("name", "macs", "field"),
    [
        ("MobileNet", 569e6, (315, 315)),
        ("ResNet50", 3.8e9, (483, 483)),
        ("MobileNetV2", 300e6, (491, 491)),
        ("EfficientNetB0", 0.39e9, "image"),
    ],
)
def test_published_networks_have_the_published_figures(summary, name, macs, field):
    figures = summary({name: {"weights": None}}, shape=(224, 224, 3))
    backbone = figures.rows[-1]
    assert figures.macs == pytest.approx(macs, rel=0.02)
    assert backbone.parameters == BACKBONES[name].parameters
    assert next(row for row in reversed(backbone.inside) if len(row.output_shape) == 3).receptive_field == field
    assert not figures.uncounted
    assert all(index < at for at, row in enumerate(backbone.inside) for index in row.inputs)


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_layers_of_sequential_models_inside_a_backbone_are_listed_too(summary, monkeypatch, is_whole):
    from keras.src.applications import convnext

    if not is_whole:  # each stage with one block, and narrow
        few = {"depths": [1] * 4, "projection_dims": [8, 16, 24, 32], "default_size": 224}
        monkeypatch.setitem(convnext.MODEL_CONFIGS, "tiny", few)
    parameters = []
    figures = summary(
        {"ConvNeXtTiny": {"weights": None}},
        shape=(64, 64, 3),
        change=lambda model: parameters.append(model.count_params()),
    )
    inside = figures.rows[-1].inside
    assert [sum(row.parameters for row in inside)] == parameters
    assert (parameters == [BACKBONES["ConvNeXtTiny"].parameters]) == is_whole
    assert {"Conv2D", "LayerNormalization", "Add"} <= {row.kind for row in inside}


def test_moving_averages_are_weights_that_no_training_step_changes(summary):
    figures = summary("BatchNormalization", shape=(9, 9, 4))
    assert (figures.parameters, figures.trainable, figures.weight_bytes) == (16, 8, 64)


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
def test_the_arithmetic_that_checks_a_spec_agrees_with_keras(summary, network, layers):
    rows = summary(*layers, shape=(32, 32, 3)).rows[1:]
    steps = infer_shapes(network(*layers), (32, 32, 3), 10).steps
    assert [step.output_shape for step in steps] == [row.output_shape for row in rows]
    assert [step.parameters for step in steps] == [row.parameters for row in rows]
