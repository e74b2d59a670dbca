"""The catalogue knows every argument of every class it lists, and Keras' own defaults pass its checks."""

import pytest
from cases import each

from cnncli.catalog import FAMILIES, signature
from cnncli.catalog.entries import Entry, argument_validator, parse
from cnncli.errors import Problem

CLASSES = [(family, name) for family, names in FAMILIES.items() if family != "activation" for name in names]


def as_yaml(value):
    return [as_yaml(item) for item in value] if isinstance(value, tuple) else value


@each("family, name", CLASSES)
def test_every_default_of_keras_is_accepted(family, name):
    for argument in signature(family, name).values():
        kind = argument_validator(family, name, argument)
        if argument.required or argument.default is None:
            continue
        problems: list[Problem] = []
        kind.accept(as_yaml(argument.default), (argument.name,), problems)
        assert problems == []


def test_conv2d_has_all_arguments_that_people_know():
    expected = {"filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation"}
    expected |= {"use_bias", "kernel_initializer", "bias_regularizer", "kernel_constraint", "activity_regularizer"}
    assert expected <= set(signature("layer", "Conv2D"))


TOO_LARGE = "9000000000 is too large; whole numbers are at most 2,147,483,647"


@each(
    "value, message",
    [
        ("Lambda", "'Lambda' cannot be used: it runs code, and a spec must be safe to run"),
        ("MaxPool", "unknown layer 'MaxPool'; did you mean 'MaxPooling2D'?"),
        ({"Conv2D": {"filters": 8, "kernal_size": 3}}, "unknown argument; did you mean 'kernel_size'?"),
        ({"Dropout": {"rate": 1.0}}, "expected a number of at least 0 and below 1, got 1.0"),
        ({"Dense": {"units": 9 * 10**9}}, TOO_LARGE),
        ({"Conv2D": {"filters": 8, "kernel_size": [3, 9 * 10**9]}}, TOO_LARGE),
        ({"MaxPooling2D": {"pool_size": 9 * 10**9}}, TOO_LARGE),
        ({"Dense": {"units": True}}, "expected a whole number of 1 or more or 'classes', got true"),
        ({"Conv2D": None, "filters": 8}, "the arguments of Conv2D must stand deeper than its name: "
                                         "'Conv2D: {filters: …}'"),
        ({"Dropout": 0.5}, "expected the arguments of Dropout by name, as in 'Dropout: {rate: 0.5}', got 0.5"),
        ({"MaxPooling2D": 2}, "expected the arguments of MaxPooling2D by name, as in 'MaxPooling2D: {pool_size: 2}', "
                              "got 2"),
        ({"Flatten": 3}, "expected the arguments of Flatten as 'argument: value', got 3"),
        ({"Maxpool": 3}, "unknown layer 'Maxpool'; did you mean 'MaxPooling2D'?"),
        ({"Dense": {"units": 3, "kernel_regularizer": {"L2": {"l3": 1}}}}, "unknown argument; L2 takes l2"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem(value, message):
    problems: list[Problem] = []
    parse("layer", value, ("layers", 0), problems)
    assert [problem.message for problem in problems] == [message]


@pytest.mark.parametrize(
    ("family", "value", "kept"),
    [
        ("optimizer", {"SGD": {"learning_rate": 1, "momentum": 0}}, {"learning_rate": 1.0, "momentum": 0.0}),
        ("schedule", {"PiecewiseConstantDecay": {"boundaries": [5], "values": [1, 0]}},
         {"boundaries": [5], "values": [1.0, 0.0]}),
        ("layer", {"Dense": {"units": 2}}, {"units": 2}),
        ("augmentation", {"ImageDataGenerator": {"rotation_range": 20, "width_shift_range": 2}},
         {"rotation_range": 20.0, "width_shift_range": 2}),
    ],
)  # fmt: skip
def test_a_number_is_a_float_where_any_will_do(family, value, kept):
    assert repr(parse(family, value, (), []).arguments) == repr(kept)  # 1 equals 1.0


def test_string_aliases_resolve_to_classes():
    assert parse("optimizer", "adam", (), []) == Entry("optimizer", "Adam")
    assert parse("loss", "sparse_categorical_crossentropy", (), []).name == "SparseCategoricalCrossentropy"
    assert parse("initializer", "he_normal", (), []).name == "HeNormal"
