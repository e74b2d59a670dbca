"""Activation memory computed by hand, and the memory of an optimizer, counted in Keras."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

VALUES = 6 * 6 * 4 * 4  # bytes of a map of 6×6 with 4 channels in float32
IMAGE = 6 * 6 * 3 * 4


def conv(**more) -> dict:
    return {"Conv2D": {"filters": 4, "kernel_size": 3, "padding": "same", **more}}


def stored(summary, *layers, **more) -> list[int]:
    return [row.kept_bytes for row in summary(*layers, shape=(6, 6, 3), **more).rows]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # The kernel needs the image, ReLU its result; a sum needs nothing.
        ([conv(), "ReLU"], [IMAGE, 0, VALUES]),
        ([conv(activation="relu")], [IMAGE, VALUES]),
        ([conv(activation="silu")], [IMAGE, VALUES]),
        ([conv(), {"Activation": {"activation": "silu"}}], [IMAGE, VALUES, 0]),
        ([conv(), "BatchNormalization", "ReLU", conv()], [IMAGE, VALUES, 0, VALUES, 0]),
        ([conv(activation="relu"), {"Dropout": {"rate": 0.5}}, conv()], [IMAGE, VALUES, VALUES + VALUES // 4, 0]),
        ([conv(), {"MaxPooling2D": {"pool_size": 2}}], [IMAGE, VALUES, VALUES // 4]),
        ([conv(), {"AveragePooling2D": {"pool_size": 2}}], [IMAGE, 0, 0]),
        # Flatten has the values of the layer before it, which are kept once.
        ([conv(), "Flatten", {"Dense": {"units": 2}}], [IMAGE, VALUES, 0, 0]),
        # Nothing above the image is trained before the first weights.
        ([{"MaxPooling2D": {"pool_size": 2}}, conv()], [0, IMAGE // 4, 0]),
    ],
)
def test_what_backpropagation_stores(summary, layers, expected):
    assert stored(summary, *layers) == expected


@pytest.mark.parametrize(
    ("filters", "quick", "expected"),
    [
        (4, True, [IMAGE, 0, VALUES + VALUES // 2, 0]),
        (16, False, [IMAGE, 0, 4 * (VALUES + VALUES // 2), 0]),
        (16, True, [IMAGE, 4 * VALUES // 2, 4 * VALUES // 2, 0]),
    ],
)
def test_normalisation_of_half_as_precise_values_keeps_a_copy_in_float32_where_it_takes_one(
    summary, monkeypatch, filters, quick, expected
):
    from cnncli.factory import layers

    monkeypatch.setattr(layers, "onednn_has_bfloat16", lambda: quick)
    network = [conv(filters=filters), "BatchNormalization", conv()]
    assert stored(summary, *network, precision="mixed_bfloat16") == expected


@pytest.mark.parametrize(
    ("strides", "expected"),
    [(1, [IMAGE, VALUES // 2, VALUES // 2, 0]), (2, [IMAGE, 0, VALUES + VALUES // 8, 0])],
)
def test_channels_by_themselves_are_kept_in_float32_where_they_are_computed_in_it(
    summary, monkeypatch, strides, expected
):
    from cnncli.factory import layers

    monkeypatch.setattr(layers, "has_gpu", lambda: False)
    depthwise = {"DepthwiseConv2D": {"kernel_size": 3, "strides": strides, "padding": "same"}}
    assert stored(summary, conv(), depthwise, conv(), precision="mixed_bfloat16") == expected


def test_what_frozen_first_layers_compute_is_not_stored(summary):
    def freeze(model):
        model.get_layer("first").trainable = False
        model.get_layer("batch_normalization_1").trainable = False

    layers = [conv(name="first"), "BatchNormalization", "ReLU", conv(name="last")]
    rows = summary(*layers, shape=(6, 6, 3), change=freeze).rows
    assert [row.kept_bytes for row in rows] == [0, 0, 0, VALUES, 0]
    assert [row.frozen for row in rows] == [0, 112, 16, 0, 0]
    assert [row.trainable for row in rows] == [0, 0, 0, 0, 148]


@pytest.mark.parametrize(("optimizer", "slots"), [("sgd", 0), ("adam", 2), ("rmsprop", 1)])
def test_the_memory_of_a_training_step(summary, optimizer, slots):
    def compiled(model):
        model.compile(optimizer=optimizer, loss="mse")

    use = summary(conv(), "BatchNormalization", "ReLU", shape=(6, 6, 3), change=compiled, batch_size=5).training
    assert use.weights == 4 * (112 + 16)
    assert use.gradients == 4 * (112 + 8)
    assert slots * use.gradients <= use.optimizer <= slots * use.gradients + 16  # steps and learning rate besides
    assert use.activations == 5 * (IMAGE + 2 * VALUES)
    assert use.working == 5 * 2 * VALUES
    assert use.total == use.weights + use.gradients + use.optimizer + use.activations + use.working
