"""Layers of packages are imported when they are built; whatever goes wrong then has its line and its reason."""

import sys

import pytest

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.reader import read

pytestmark = pytest.mark.slow

GATE = """
import keras

class Gate(keras.layers.Layer):
    def __init__(self, ratio=1.0, **kwargs):
        super().__init__(**kwargs)
        self.ratio = ratio

    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones", name="gain")

    def call(self, images):
        return images * self.gain * self.ratio

    def compute_output_shape(self, shape):
        return shape
"""


def build(layer="Gate: {ratio: 2}"):
    from cnncli.factory.model import Preprocessing, build_model

    text = f"""\
data: {{source: mnist}}
model:
  layers:
    - {layer}
    - Flatten
    - Dense: {{units: classes, activation: softmax}}
"""
    nodes = parse(read(text, "a.yaml")).spec.model.nodes
    return build_model(nodes, (4, 4, 1), 3, Preprocessing(), "float32", 0, "own")


@pytest.fixture
def gate(install, monkeypatch):
    """Installs the package `gates` with this source."""

    def run(source):
        install("my-gates", {"Gate": "gates:Gate"}, {"gates.py": source})
        monkeypatch.delitem(sys.modules, "gates", raising=False)

    yield run
    sys.modules.pop("gates", None)


def test_it_is_imported_and_built_with_its_arguments_and_the_name_of_its_node(gate):
    gate(GATE)
    model = build()
    layer = model.get_layer("gate_1")
    assert (type(layer).__module__, layer.ratio, layer.count_params()) == ("gates", 2, 1)
    assert model.count_params() == 1 + (16 + 1) * 3


def test_it_is_built_inside_another_layer(gate):
    gate(GATE.replace("self.gain", "self.kernel").replace("(shape[-1],)", "(1, shape[-1])"))
    layer = build("SpectralNormalization: {layer: {Gate: {ratio: 3}}}").get_layer("spectral_normalization_1")
    assert layer.layer.ratio == 3


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module" + GATE, "cannot be imported (ModuleNotFoundError: No module named 'no_such_module')"),
        (GATE + "raise RuntimeError('not today')", "'gates' cannot be imported (RuntimeError: not today)"),
        (GATE + "del Gate", "'gates:Gate' is not derived from keras.layers.Layer"),
        ("from no_such_base import Base\nclass Gate(Base): pass", "No module named 'no_such_base'"),
        (GATE.replace("return shape", "return (*shape[:-1], 2)"),
         "its compute_output_shape is (4, 4, 2), but its output is (4, 4, 1)"),
        ("class Gate(dict): pass", "'gates:Gate' is not derived from keras.layers.Layer"),
        (GATE.replace("return images *", "return images, images *"), "it has several outputs"),
        (GATE.replace("super().__init__(**kwargs)", "raise ValueError('ratio is odd')"), "ratio is odd"),
        (GATE.replace("self.ratio\n", "self.nothing\n"), "has no attribute 'nothing'"),
        (GATE.replace("self.ratio\n", "self.nothing\n").replace("compute_output_shape", "other"),
         "has no attribute 'nothing'"),
    ],
)  # fmt: skip
def test_what_goes_wrong_then_is_a_located_problem(gate, source, reason):
    gate(source)
    with pytest.raises(SpecError) as error:
        build("Gate")
    (problem,) = error.value.problems
    assert problem.path[:3] == ("model", "layers", 0)
    assert problem.message.startswith("the package 'my-gates' 1.2.0 cannot apply Gate to 4×4×1: ")
    assert reason in problem.message
