"""What layers are called, and how a layer of a block is spoken of."""

import pytest

from cnncli.catalog.entries import Entry
from cnncli.spec.graph import Node, read_network, snake
from cnncli.spec.graph.nodes import origin

CONV = {"Conv2D": {"filters": 4, "kernel_size": 3}}


def names(*layers, blocks=None):
    problems = []
    found = [node.name for node in read_network(blocks or {}, layers, problems).nodes]
    assert not problems
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Conv2D", "conv2d"),
        ("MaxPooling2D", "max_pooling2d"),
        ("BatchNormalization", "batch_normalization"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("ReLU", "re_lu"),
    ],
)
def test_layers_are_called_as_keras_calls_them(name, expected):
    assert snake(name) == expected


def test_layers_are_numbered_by_kind_and_own_names_are_kept():
    named = {"Conv2D": {**CONV["Conv2D"], "name": "conv2d_1"}}
    layers = [CONV, "Flatten", named, CONV, "MaxPool2D", {"Dense": {"units": 2}}]
    assert names(*layers) == ["conv2d_2", "flatten_1", "conv2d_1", "conv2d_3", "max_pooling2d_1", "dense_1"]


def test_what_is_repeated_is_numbered():
    assert names({"ReLU": {"repeat": 2, "name": "act"}}, {"ReLU": {"repeat": 2}}) == [
        "act_1", "act_2", "re_lu_1", "re_lu_2"
    ]  # fmt: skip


def test_a_number_that_another_layer_has_is_left_out():
    assert names({"ReLU": {"name": "act_2"}}, {"ReLU": {"repeat": 2, "name": "act"}}) == ["act_2", "act_1", "act_3"]


def test_the_layers_of_a_block_carry_its_name():
    blocks = {"inner": {"layers": ["ReLU", {"Flatten": {"name": "flat"}}]}, "Outer": {"layers": ["inner", "ReLU"]}}
    assert names("Outer", {"Outer": {"name": "mine"}}, "inner", blocks=blocks) == [
        "Outer_1.inner_1.re_lu_1", "Outer_1.inner_1.flat", "Outer_1.re_lu_1",
        "mine.inner_1.re_lu_1", "mine.inner_1.flat", "mine.re_lu_1",
        "inner_1.re_lu_1", "inner_1.flat",
    ]  # fmt: skip


def test_a_layer_is_found_under_the_name_the_spec_gives_it():
    node = Node("a", Entry("layer", "MaxPooling2D"), (-1,), ("model", "layers", 2), "MaxPool2D")
    assert node.at() == ("model", "layers", 2)
    assert node.at("strides") == ("model", "layers", 2, "MaxPool2D", "strides")
    assert node.origin == ""


def test_a_use_is_told_by_its_values_and_its_place():
    paths = [("model", "layers", 4), ("model", "blocks", "stage", "layers", 0)]
    assert origin({"filters": 64, "act": "relu"}, paths) == (
        " (with filters: 64, act: 'relu', used at model.blocks.stage.layers[0] in model.layers[4])"
    )
    assert origin({}, paths[:1]) == " (used at model.layers[4])"
    assert origin({"rate": 0.5}, []) == " (with rate: 0.5)"
