"""What a spec may say of augmentation: names and arguments are checked where they stand, without TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cases import each

from cnncli.catalog import FAMILIES, Entry, first_line, parse, signature
from cnncli.catalog.image_data_generator import GENERATOR
from cnncli.errors import Problem

NAMES = FAMILIES["augmentation"]


def problems_of(value) -> list[tuple[tuple, str]]:
    problems: list[Problem] = []
    parse("augmentation", value, ("augment", 0), problems)
    return [(problem.path, problem.message) for problem in problems]


@each("name", NAMES)
def test_every_name_is_described_and_keeps_the_spec_s_own_business_out(name):
    assert first_line("augmentation", name)
    assert not {"seed", "value_range", "data_format", "dtype", "name"} & set(signature("augmentation", name))


@each(
    "value, path, message",
    [
        ("RandomFlp", (), "unknown augmentation 'RandomFlp'; did you mean 'RandomFlip'?"),
        ("Rescaling", (), "'Rescaling' cannot be used: pixels are scaled by 'data.scale'"),
        ({"RandomCrop": {"height": 8, "width": 8}}, (), "images keep the size of 'data.image.size'"),
        ({"RandomFlip": {"mode": "sideways"}}, ("RandomFlip", "mode"), "expected one of horizontal, vertical"),
        ({"RandomFlip": {"seed": 1}}, ("RandomFlip", "seed"), "everything random follows from the 'seed' of the spec"),
        ({"AugMix": {"value_range": [0, 1]}}, ("AugMix", "value_range"), "pixels are 0 to 255 here"),
        ({"RandomRotation": {"factor": 20}}, ("RandomRotation", "factor"), "expected a number from -1 to 1"),
        ({"RandomRotation": {}}, ("RandomRotation",), "RandomRotation needs 'factor'"),
        ({"RandomPosterization": {"factor": 9}}, ("RandomPosterization", "factor"), "a whole number from 1 to 8"),
        ({"RandomGaussianBlur": {"kernel_size": 4}}, ("RandomGaussianBlur", "kernel_size"), "odd whole number"),
        ({"RandomGaussianBlur": {"kernel_size": 1001}}, ("RandomGaussianBlur", "kernel_size"), "at most 999"),
        ({"MixUp": {"alpha": 0}}, ("MixUp", "alpha"), "expected a number above 0, got 0"),
        ({"ImageDataGenerator": {"rescale": 1}}, ("ImageDataGenerator", "rescale"), "set 'data.scale: [0, 1]'"),
        (
            {"ImageDataGenerator": {"featurewise_center": True}},
            ("ImageDataGenerator", "featurewise_center"),
            "set 'data.standardize: featurewise'",
        ),
        (
            {"ImageDataGenerator": {"validation_split": 0.1}},
            ("ImageDataGenerator", "validation_split"),
            "set 'data.split: {validation: 0.1}'",
        ),
        (
            {"ImageDataGenerator": {"preprocessing_function": "f"}},
            ("ImageDataGenerator", "preprocessing_function"),
            "it runs code",
        ),
        ({"ImageDataGenerator": {"zoom_range": 1.5}}, ("ImageDataGenerator", "zoom_range"), "expected a number"),
        (
            {"ImageDataGenerator": {"rotation_rnge": 5}},
            ("ImageDataGenerator", "rotation_rnge"),
            "did you mean 'rotation_range'?",
        ),
    ],
)
def test_a_mistake_is_one_problem_at_its_place(value, path, message):
    (problem,) = problems_of(value)
    assert problem[0] == ("augment", 0, *path)
    assert message in problem[1]


@pytest.mark.parametrize(
    "value",
    [
        {"RandomFlip": {"mode": "horizontal"}},
        {"RandomZoom": {"height_factor": [-0.2, 0.3]}},
        {"RandomErasing": {"fill_value": [1, 2, 3], "scale": 0.2}},
        {"ImageDataGenerator": {"width_shift_range": [2, 4], "height_shift_range": 0.2, "zoom_range": [0.8, 1.1]}},
        "AugMix",
    ],
)
def test_what_keras_takes_is_taken(value):
    assert problems_of(value) == []


def test_a_default_is_keras_own():
    assert Entry("augmentation", "RandomFlip").get("mode") == "horizontal_and_vertical"
    assert Entry("augmentation", "RandomRotation").get("fill_mode") == "reflect"


@pytest.mark.slow
def test_the_generator_s_defaults_are_the_classic_ones():
    import inspect

    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    classic = inspect.signature(ImageDataGenerator).parameters
    assert {name: classic[name].default for name in GENERATOR} == GENERATOR


def test_checking_needs_no_tensorflow():
    code = (
        "import sys; from cnncli.catalog import parse;"
        "parse('augmentation', {'RandomRotation': {'factor': 3}}, (), []);"
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
