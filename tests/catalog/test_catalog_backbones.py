"""The networks of keras.applications are in the catalogue, with what is known of them without Keras."""

import json
import re
import subprocess
import sys

import pytest
from cases import each

from cnncli.catalog import FAMILIES, docstring, first_line, signature
from cnncli.catalog.backbones import BACKBONES, WIDTHS
from cnncli.catalog.definitions import module_file
from cnncli.catalog.entries import Entry, parse
from cnncli.errors import Problem
from cnncli.spec.backbones import backbone_output_shape
from cnncli.spec.shapes.parameters import parameters_of


def test_every_network_of_the_installed_keras_is_there():
    source = module_file("keras.applications").read_text(encoding="utf-8")
    networks = {name for name in re.findall(r" as (\w+)", source) if name[0].isupper()}
    assert set(BACKBONES) == networks
    assert set(BACKBONES) <= set(FAMILIES["layer"])


@each("name", BACKBONES)
def test_a_backbone_has_arguments_and_words(name):
    arguments = signature("layer", name)
    assert {"weights", "trainable", "pooling", "name"} <= set(arguments)
    assert not {"include_top", "classes", "input_shape", "input_tensor", "include_preprocessing"} & set(arguments)
    assert arguments["weights"].default == "imagenet"
    assert ("alpha" in arguments) == (name in WIDTHS)
    assert first_line("layer", name)
    assert f"{BACKBONES[name].parameters:,}" in docstring("layer", name)


def problems_of(value):
    problems: list[Problem] = []
    parse("layer", value, ("layers", 0), problems)
    return [problem.message for problem in problems]


@pytest.mark.parametrize(
    "weights", ["imagenet", None, "mine.weights.h5", "/there/old.H5", "my.keras", {"run": "runs/a-001"}]
)
def test_weights_can_be(weights):
    assert problems_of({"VGG16": {"weights": weights}}) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("MobilNetV2", "unknown layer 'MobilNetV2'; did you mean 'MobileNetV2'?"),
        ("ResNet", "unknown layer 'ResNet'; did you mean 'ResNet50'?"),
        ({"VGG16": {"include_top": True}}, "unknown argument; a backbone comes without its head; write "
                                           "GlobalAveragePooling2D and Dense below it"),
        ({"VGG16": {"input_shape": [32, 32, 3]}}, "unknown argument; the input shape is taken from the data; "
                                                  "leave it out"),
        ({"VGG16": {"weights": "imagnet"}}, "expected 'imagenet', the path of a weights file (.weights.h5, "
                                            ".keras), {run: FOLDER} for an earlier run, or null; got 'imagnet'; "
                                            "did you mean 'imagenet'?"),
        ({"VGG16": {"weights": 5}}, "expected 'imagenet', the path of a weights file (.weights.h5, .keras), {run: "
                                    "FOLDER} for an earlier run, or null; got 5"),
        ({"VGG16": {"weights": {"runs": "a"}}}, "expected the key 'run' alone: {run: FOLDER}; got 'runs'"),
        ({"VGG16": {"weights": {}}}, "expected the folder or name of an earlier run, got ''"),
        ({"VGG16": {"weights": {"run": ["a"]}}}, "expected the folder or name of an earlier run, got ['a']"),
        ({"VGG16": {"pooling": "mean"}}, "expected one of avg, max, got 'mean'"),
        ({"SpectralNormalization": {"layer": "VGG16"}}, "VGG16 is a whole network; write it as a layer of its own"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_sentence(value, message):
    assert problems_of(value) == [message]


SAMPLE = [
    # one of each family, and what changes the number of channels; sizes odd and even, small and larger
    ("MobileNet", {"alpha": 0.25}, (47, 66)),
    ("MobileNetV2", {"alpha": 1.3}, (63, 75)),
    ("MobileNetV3Small", {"alpha": 0.75}, (33, 97)),
    ("MobileNetV3Large", {}, (32, 90)),
    ("EfficientNetB0", {}, (47, 75)),
    ("EfficientNetV2B0", {}, (33, 77)),
    ("ResNet50", {}, (33, 76)),
    ("ResNet50V2", {}, (47, 64)),
    ("DenseNet121", {}, (63, 90)),
    ("ConvNeXtTiny", {"pooling": "avg"}, (47, 64)),
    ("VGG16", {}, (47, 97)),
    ("Xception", {}, (71, 97)),
    ("InceptionV3", {}, (75, 133)),
    ("NASNetMobile", {"pooling": "max"}, (33, 75)),
]
MEASURE = """
import json, math, sys, keras
from keras.src.backend import StatelessScope  # in it no weight is drawn: only shapes count
found = []
for name, arguments, size in json.load(sys.stdin):
    with StatelessScope():
        make = getattr(keras.applications, name)
        model = make(include_top=False, weights=None, input_shape=(*size, 3), **arguments)
    weights = [variable.shape for variable in model.variables if "seed" not in variable.path]
    found.append([sum(map(math.prod, weights)), list(model.output_shape[1:])])
smallest = []
for name, size in (("VGG16", 31), ("MobileNetV3Small", 31), ("Xception", 70), ("InceptionV3", 74),
                   ("InceptionResNetV2", 74), ("NASNetMobile", 31)):
    try:
        with StatelessScope():
            getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(size, size, 3))
    except ValueError as error:
        smallest.append([name, size + 1, f"at least {size + 1}x{size + 1}" in str(error)])
print(json.dumps([found, smallest]))
"""


@pytest.mark.slow
@pytest.mark.exhaustive
def test_shapes_parameters_and_smallest_sizes_are_those_of_keras():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input=json.dumps(SAMPLE), capture_output=True, text=True, check=True
    )
    found, smallest = json.loads(done.stdout)
    for (name, arguments, size), (parameters, shape) in zip(SAMPLE, found, strict=True):
        layer = Entry("layer", name, arguments)
        assert list(backbone_output_shape(layer, (*size, 3))) == shape, name
        near = parameters if "alpha" not in arguments else pytest.approx(parameters, rel=0.35)
        assert parameters_of(layer, (96, 96, 3), 10) == near, name
    assert smallest == [[name, BACKBONES[name].smallest, True] for name, _, _ in smallest]
    assert len(smallest) == 6
