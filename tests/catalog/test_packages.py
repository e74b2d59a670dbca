"""Layers of installed packages are read from their source, are checked like Keras' own, and are refused in words."""

import subprocess
import sys

import pytest

from cnncli.catalog import docstring, members, resolve, signature, spellings
from cnncli.catalog.entries import Entry, argument_validator, parse
from cnncli.catalog.packages import plugin_layer, registration_error

LAYER = """
from keras import layers

class Gate(layers.Layer):
    '''Opens and closes.

    Args:
        ratio: how far.
    '''
    def __init__(self, ratio: int = 8, **kwargs):
        super().__init__(**kwargs)
"""
RUNS_CODE = "raise SystemExit('imported')\n"


def problems_of(value):
    problems = []
    entry = parse("layer", value, ("layers", 0), problems)
    return entry, [problem.message for problem in problems]


def test_a_layer_of_a_package_is_known_like_one_of_keras_and_never_imported(install):
    install("my-gates", {"Gate": "gates.one:Gate"}, {"gates/__init__.py": RUNS_CODE, "gates/one.py": RUNS_CODE + LAYER})
    assert resolve("layer", "Gate") == "Gate"
    assert "Gate" in members("layer")
    assert "Gate" in spellings("layer")
    assert {name: argument.default for name, argument in signature("layer", "Gate").items()} == {
        "ratio": 8, "name": None, "trainable": True, "dtype": None,
    }  # fmt: skip
    assert docstring("layer", "Gate").startswith("Opens and closes.")
    assert plugin_layer("Gate").origin == "the package 'my-gates' 1.2.0"
    assert "gates" not in sys.modules


def test_mistakes_in_its_use_are_told_like_those_in_any_layer(install):
    install("my-gates", {"Gate": "gates:Gate"}, {"gates.py": LAYER})
    assert problems_of({"Gate": {"ratio": 4}}) == (Entry("layer", "Gate", {"ratio": 4}), [])
    assert problems_of({"Gate": {"ratio": "four"}})[1] == ["expected a whole number, got 'four'"]
    assert problems_of({"Gate": {"ration": 4}})[1] == ["unknown argument; did you mean 'ratio'?"]
    assert problems_of("Gates")[1] == ["unknown layer 'Gates'; did you mean 'Gate'?"]


def test_without_packages_there_are_keras_names_only(install):
    assert plugin_layer("Gate") is None
    assert resolve("layer", "Gate") is None


@pytest.mark.parametrize(
    ("files", "value"),
    [
        ({"gates/__init__.py": "from .inner.deep import Gate", "gates/inner/__init__.py": "",
          "gates/inner/deep.py": LAYER}, "gates:Gate"),
        ({"gates/__init__.py": "from gates.one import Gate as Door", "gates/one.py": LAYER}, "gates:Door"),
        ({"gates.py": "import keras\nclass Gate(keras.layers.Dense):\n  def __init__(self, ratio=8, **more): pass"},
         "gates:Gate"),
        ({"gates.py": "from .base import x\nclass Base(Gone):\n  pass\n" + LAYER}, "gates:Gate"),
        ({"gates/one.py": LAYER}, "gates.one:Gate [extra]"),  # a namespace package
        ({"gates.py": LAYER + "\nclass Door(Gate):\n  pass"}, "gates:Door"),
        ({"gates.py": "import tensorflow as tf\nclass Gate(tf.keras.layers.Layer):\n"
                      "  def __init__(self, ratio=8, *, name=None, dtype=None, trainable=True): pass"}, "gates:Gate"),
    ],
)  # fmt: skip
def test_the_class_is_found_wherever_it_is_written(install, files, value):
    install("my-gates", {"Gate": value}, files)
    assert registration_error("Gate") == ""
    assert "ratio" in signature("layer", "Gate")


def test_without_an_own_init_it_takes_what_every_layer_takes(install):
    install("g", {"Gate": "gates:Gate"}, {"gates.py": "from keras import Layer\nclass Gate(Layer):\n  pass"})
    assert set(signature("layer", "Gate")) == {"activity_regularizer", "name", "trainable", "dtype"}


BROKEN = {
    "no module": ({}, "gates:Gate", "there is no Python module 'gates'"),
    "no module inside": ({"gates/__init__.py": ""}, "gates.one:Gate", "there is no Python module 'gates.one'"),
    "no class": ({"gates.py": ""}, "gates:Gate", "'gates' has no class 'Gate'"),
    "no class there": ({"gates.py": "from .other import Gate"}, "gates:Gate", "'gates' has no class 'Gate'"),
    "imports itself": ({"gates.py": "from gates import Gate"}, "gates:Gate", "'gates' has no class 'Gate'"),
    "function": ({"gates.py": "def Gate(): pass"}, "gates:Gate", "'Gate' is not a class derived from keras"),
    "no layer": (
        {"gates.py": "class Gate: pass"},
        "gates:Gate",
        "'Gate' is not a class derived from keras.layers.Layer",
    ),
    "no layer either": (
        {"gates.py": "class A(object): pass\nclass Gate(A): pass"},
        "gates:Gate",
        "is not a class derived",
    ),
    "no name": ({"gates.py": LAYER.replace(", **kwargs):", "):")}, "gates:Gate", "takes no **kwargs, through which"),
    "taken argument": ({"gates.py": LAYER.replace("ratio:", "repeat:")}, "gates:Gate", "has a key 'repeat'"),
    "no Python": ({"gates.py": "class Gate(:"}, "gates:Gate", "'gates' cannot be read as Python (line 1)"),
    "no text": ({"gates.py": "x = '\0'"}, "gates:Gate", "'gates' cannot be read as Python"),
    "no class named": ({"gates.py": LAYER}, "gates", "'gates' is not of the form 'package.module:Class'"),
    "nested": ({"gates.py": LAYER}, "gates:Gate.Inner", "is not of the form 'package.module:Class'"),
}


@pytest.mark.parametrize(("files", "value", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_package_is_told_where_its_layer_is_used(install, files, value, reason):
    install("my-gates", {"Gate": value}, files)
    assert resolve("layer", "Gate") is None
    (message,) = problems_of("Gate")[1]
    assert message.startswith("'Gate' cannot be used: the package 'my-gates' 1.2.0 registers it, but ")
    assert reason in message


@pytest.mark.parametrize("name", ["Conv2D", "MaxPool2D", "Lambda", "MobileNetV2"])
def test_a_name_of_keras_cannot_be_taken(install, name):
    install("my-gates", {name: "gates:Gate"}, {"gates.py": LAYER})
    (message,) = problems_of({name: {}})[1]
    assert message == (
        f"'{name}' cannot be used: Keras has a layer of this name, and the package 'my-gates' 1.2.0 registers another; "
        "one of the two must go"
    )


def test_two_packages_cannot_have_one_name(install):
    install("my-gates", {"Gate": "gates:Gate"}, {"gates.py": LAYER})
    install("their-gates", {"Gate": "gates:Gate"}, version="2.0")
    (message,) = problems_of("Gate")[1]
    assert "the package 'my-gates' 1.2.0 and the package 'their-gates' 2.0 register a layer of this name" in message


@pytest.mark.parametrize("name", ["os.system", "Gate-2", "Größe", "x" * 101])
def test_a_name_that_no_layer_can_have_is_refused(install, name):
    install("my-gates", {name: "gates:Gate"}, {"gates.py": LAYER})
    assert "its name has other characters than" in problems_of(name)[1][0]


SIGNATURE = """
from typing import Literal, Optional
from keras import layers

class Gate(layers.Layer):
    def __init__(
        self, units: int, width: float = 0.5, *, mode: Literal["sum", "mean"] = "sum", sizes: list[int] = [1],
        pair: tuple[int, int] = (1, 2), mixed: tuple[int, str] = (1, "a"), more: "int | None" = None,
        either: Optional[float] = 1.0, kernel_initializer="he_normal", activation=None, gate_activation="relu",
        free=None, share=0.5, on=False, word="a", odd: dict = {}, many: tuple[float, ...] = (), **kwargs,
    ):
        super().__init__(**kwargs)
"""


@pytest.mark.parametrize(
    ("argument", "good", "bad"),
    [
        ("units", [3, "classes"], [0, 1.5, "three"]),
        ("width", [0.5, 2], ["wide", True]),
        ("mode", ["mean"], ["median", 1]),
        ("sizes", [[1, 2]], [1, [0.5]]),
        ("pair", [[3, 4]], [[3], [3, 4, 5], 3]),
        ("mixed", [[3, "b"]], [[3], 3]),
        ("more", [3, None], ["x"]),
        ("either", [0.5], ["x"]),
        ("kernel_initializer", ["he_uniform", {"Constant": {"value": 1}}], ["he_him", 3]),
        ("activation", ["relu", None], ["reluu"]),
        ("gate_activation", ["tanh"], [3]),
        ("free", [3, "x", [1, {"a": 2}], None], [float("nan")]),
        ("share", [1], ["x"]),
        ("on", [True], [1]),
        ("word", ["b"], [1]),
        ("odd", [{"a": [1]}], [{"a": float("inf")}]),
        ("many", [[0.5, 1]], [["x"]]),
        ("name", ["one"], [1]),
    ],
)
def test_the_source_says_what_an_argument_may_be(install, argument, good, bad):
    install("my-gates", {"Gate": "gates:Gate"}, {"gates.py": SIGNATURE})
    required = {} if argument == "units" else {"units": 3}
    for value in good:
        assert problems_of({"Gate": {**required, argument: value}})[1] == []
    for value in bad:
        assert len(problems_of({"Gate": {**required, argument: value}})[1]) == 1, value


def test_its_own_defaults_are_accepted(install):
    install("my-gates", {"Gate": "gates:Gate"}, {"gates.py": SIGNATURE})
    for argument in signature("layer", "Gate").values():
        if not argument.required and argument.default not in (None, [1], (1, 2), (1, "a"), ()):
            problems = []
            argument_validator("layer", "Gate", argument).accept(argument.default, (), problems)
            assert problems == []


def test_a_package_above_a_module_is_not_imported_to_find_it(tmp_path):
    """`find_spec("a.b")` would import `a`."""
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates" / "__init__.py").write_text("raise SystemExit('imported')")
    (tmp_path / "gates" / "one.py").write_text("class Gate: pass")
    code = "from cnncli.catalog.definitions import module_file; print(module_file('gates.one'))"
    program = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == str(tmp_path / "gates" / "one.py"), result.stderr
