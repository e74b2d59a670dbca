"""Entries become the Keras objects of that name, with nested objects and words filled in."""

from __future__ import annotations

import pytest

from cnncli.catalog import FAMILIES, signature
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import argument_validator
from cnncli.catalog.source import MODULES
from cnncli.factory import objects

pytestmark = pytest.mark.slow

# but for the words of an argument of a layer, and steps that the data room builds
OBJECTS = FAMILIES.keys() - {"activation", "augmentation"}


@pytest.fixture(autouse=True)
def _quiet_start() -> None:
    import cnncli.startup  # noqa: F401


def test_every_name_in_the_catalogue_is_where_it_is_looked_for():
    import keras

    assert [name for name in BACKBONES if not hasattr(keras.applications, name)] == []
    for family in OBJECTS:
        module = keras
        for part in MODULES[family].split("."):
            module = getattr(module, part)
        elsewhere = {"accuracy", "Whitening", *BACKBONES}
        missing = [name for name in FAMILIES[family] if name not in elsewhere and not hasattr(module, name)]
        assert missing == []


@pytest.mark.parametrize("word", ["classes", "total_steps"])
def test_every_argument_that_takes_a_word_gets_its_number(word):
    def takes(family, name, argument, value):
        problems = []
        argument_validator(family, name, argument).accept(value, (), problems)
        return not problems

    names = [(family, name) for family in OBJECTS for name in FAMILIES[family]]
    found = {
        argument.name
        for family, name in names
        for argument in signature(family, name).values()
        if takes(family, name, argument, word) and not takes(family, name, argument, "qqqqq")
    }
    assert found
    assert found <= objects._SIZES


def test_a_learning_rate_may_be_a_whole_number(entry):
    assert objects.construct(entry("optimizer", {"SGD": {"learning_rate": 1}})).learning_rate == 1.0


def test_nested_entries_are_objects_themselves(entry):
    import keras

    layer = objects.construct(
        entry(
            "layer",
            {
                "Conv2D": {
                    "filters": 8,
                    "kernel_size": [3, 5],
                    "kernel_initializer": "he_normal",
                    "kernel_regularizer": {"L2": {"l2": 0.0005}},
                    "bias_constraint": "NonNeg",
                }
            },
        )
    )
    assert layer.filters == 8
    assert layer.kernel_size == (3, 5)
    assert isinstance(layer.kernel_initializer, keras.initializers.HeNormal)
    assert isinstance(layer.kernel_regularizer, keras.regularizers.L2)
    assert float(layer.kernel_regularizer.l2) == pytest.approx(0.0005)
    assert isinstance(layer.bias_constraint, keras.constraints.NonNeg)


def test_objects_nest_to_any_depth_and_words_reach_the_bottom(entry):
    import keras

    schedule = {"CosineDecay": {"initial_learning_rate": 0.01, "decay_steps": "total_steps"}}
    optimizer = objects.construct(entry("optimizer", {"AdamW": {"learning_rate": schedule}}), {"total_steps": 100})
    assert isinstance(optimizer, keras.optimizers.AdamW)
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    optimizer.iterations.assign(50)
    assert float(optimizer.learning_rate) == pytest.approx(0.005)  # half of the cosine
    optimizer.iterations.assign(100)
    assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-8)


def test_classes_is_a_number_where_a_size_is_meant_and_a_text_elsewhere(entry):
    layer = objects.construct(entry("layer", {"Dense": {"units": "classes", "name": "classes"}}), {"classes": 7})
    assert (layer.units, layer.name) == (7, "classes")


def test_what_the_spec_says_goes_before_what_the_caller_adds(entry):
    dropout = entry("layer", {"Dropout": {"rate": 0.25, "name": "mine"}})
    layer = objects.construct(dropout, name="dropout_1", dtype="mixed_bfloat16")
    assert (layer.name, layer.rate, layer.compute_dtype) == ("mine", 0.25, "bfloat16")


@pytest.mark.parametrize(
    ("family", "value", "module", "name"),
    [
        ("layer", "Flatten", "layers", "Flatten"),
        ("optimizer", "sgd", "optimizers", "SGD"),
        ("loss", {"CategoricalCrossentropy": {"label_smoothing": 0.1}}, "losses", "CategoricalCrossentropy"),
        ("metric", {"TopKCategoricalAccuracy": {"k": 3}}, "metrics", "TopKCategoricalAccuracy"),
        ("callback", {"EarlyStopping": {"patience": 5}}, "callbacks", "EarlyStopping"),
        ("initializer", {"RandomNormal": {"stddev": 0.1}}, "initializers", "RandomNormal"),
        ("regularizer", {"L1L2": {"l1": 0.1, "l2": 0.2}}, "regularizers", "L1L2"),
        ("constraint", {"MaxNorm": {"max_value": 3}}, "constraints", "MaxNorm"),
    ],
)
def test_every_family_is_built_by_keras_own_class(entry, family, value, module, name):
    import keras

    assert type(objects.construct(entry(family, value))) is getattr(getattr(keras, module), name)
