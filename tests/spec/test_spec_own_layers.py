"""A spec uses the layers of an installed package like those of Keras, and nothing is guessed about them."""

import pytest

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.jsonschema import json_schema
from cnncli.spec.reader import read

GATES = """
from keras import layers

class ConvGate(layers.Layer):
    '''Opens and closes.'''
    def __init__(self, ratio: int = 8, activation="sigmoid", use_bias=True, **kwargs):
        super().__init__(**kwargs)
"""
SPEC = """\
data: {source: mnist}
model:
  blocks:
    stage:
      parameters: {ratio: 4}
      layers: [{Conv2D: {filters: 8, kernel_size: 3, activation: relu}}, {ConvGate: {ratio: $ratio * 2, name: gate}}]
  layers:
    - stage
    - BatchNormalization
    - Flatten
    - Dense: {units: classes, activation: softmax}
"""


@pytest.fixture(autouse=True)
def gates(install):
    install("my-gates", {"ConvGate": "gates:ConvGate"}, {"gates.py": GATES})


def test_it_stands_in_lists_and_blocks_and_takes_expressions():
    loaded = parse(read(SPEC, "a.yaml"))
    node = loaded.spec.model.nodes[1]
    assert (node.name, node.entry.name, node.entry.arguments) == ("stage_1.gate", "ConvGate", {"ratio": 8})
    assert loaded.warnings == ()  # a bias before normalisation and a hidden sigmoid, if it were a convolution of Keras


def test_a_mistake_has_its_line():
    with pytest.raises(SpecError) as error:
        parse(read(SPEC.replace("ratio: $ratio * 2", "ratio: $ratio / 3"), "a.yaml"))
    (problem,) = error.value.problems
    assert problem.place.line == 6
    assert problem.message.startswith("expected a whole number, got 1.33")


def test_a_block_cannot_have_its_name():
    with pytest.raises(SpecError) as error:
        parse(read(SPEC.replace("stage", "ConvGate"), "a.yaml"))
    message = "the package 'my-gates' 1.2.0 has a layer 'ConvGate'; give the block another name"
    assert message in [problem.message for problem in error.value.problems]


def test_the_editor_completes_it():
    described = json_schema()["$defs"]["line"]["anyOf"][1]["properties"]["ConvGate"]
    assert described["description"] == "Opens and closes"
    assert {"ratio", "activation", "use_bias", "name", "inputs", "repeat"} <= set(described["properties"])


def test_a_layer_that_is_not_installed_is_unknown():
    with pytest.raises(SpecError, match="unknown layer 'ConvGates'; did you mean 'ConvGate'"):
        parse(read(SPEC.replace("ConvGate", "ConvGates"), "a.yaml"))
