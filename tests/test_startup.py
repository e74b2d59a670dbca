"""TensorFlow starts without a word on the person's terminal; what it had to say is kept for the log."""

from __future__ import annotations

import ast
import inspect
import os
import platform
import subprocess
import sys
import typing
from functools import partial, partialmethod

import pytest

from cnncli.imports import _quick_descriptions

START_AND_COMPUTE = """
from cnncli.startup import CHATTER, device_name, keras, tf
assert float(tf.reduce_sum(tf.matmul(tf.ones((4, 4)), tf.ones((4, 4))))) == 64
assert keras.backend.backend() == "tensorflow"
assert CHATTER
import os, sys
assert ("oneDNN custom operations are on" in CHATTER) is (sys.argv[1] == "on"), CHATTER
print(device_name())
os.write(2, b"stderr is back")
"""


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(("setting", "onednn"), [({}, "on"), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, "off")])
def test_tensorflow_starts_with_onednn_and_its_chatter_is_kept_from_stderr(setting, onednn):
    if platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip("elsewhere TensorFlow decides itself")
    without = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    talkative = {**without, "TF_CPP_MIN_LOG_LEVEL": "0", "CUDA_VISIBLE_DEVICES": "-1", **setting}
    program = [sys.executable, "-c", START_AND_COMPUTE, onednn]
    result = subprocess.run(program, capture_output=True, text=True, check=False, env=talkative)
    assert (result.returncode, result.stderr) == (0, "stderr is back")
    assert result.stdout.startswith("CPU, ")
    assert len(result.stdout.splitlines()) == 1


WITHOUT_OPTIONAL = """
import gc, sys
from cnncli.environment import claim_process
claim_process()
import cnncli.startup
loaded = {"sklearn", "matplotlib", "IPython", "scipy"} & set(sys.modules)
print(loaded, gc.isenabled(), gc.get_freeze_count() > 1000)
import matplotlib.figure, scipy.sparse, sklearn.metrics
"""
WITHIN = """
from requests.adapters import HTTPAdapter  # as the converter to ONNX imports it, before the package itself
import requests
assert requests.adapters.HTTPAdapter is HTTPAdapter
from tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl import GRUCell
from tensorflow.python.keras import layers
assert layers.legacy_rnn.rnn_cell_impl.GRUCell is GRUCell
assert cnncli.startup.tf.compat.v1.Session  # which starts a library that would tell of the processor
"""

SELDOM = """
import sys
from cnncli import environment, imports
if sys.argv[1] == "claimed":
    environment.claim_process()
from cnncli.startup import keras, tf
from tensorflow.python.framework import ops, tensor_conversion_registry
inputs = keras.Input((8, 8, 1))
model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(inputs))))
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(tf.ones((4, 8, 8, 1)), tf.zeros(4), verbose=0)
later = [name for name in imports._SELDOM if name not in sys.modules]
print(len(later) / len(imports._SELDOM))
print(sorted(ops.gradient_registry.list()))
print(sorted(map(str, tensor_conversion_registry._tensor_conversion_func_registry)))
assert tf.compat.v1.get_default_graph is ops.get_default_graph
assert tf.lite.TFLiteConverter and tf.feature_column.numeric_column and tf.test.TestCase and tf.compat.v2.nn.relu
assert tf.debugging.assert_equal and tf.profiler.experimental.Profile and tf.lite.Interpreter
from tensorflow.python import keras as earlier
from tensorflow.python.keras.layers.legacy_rnn.rnn_cell_impl import GRUCell
dropout = tf.nn.RNNCellDropoutWrapper(GRUCell(3))
assert type(dropout) is earlier.layers.rnn_cell_wrapper_v2.DropoutWrapper and earlier.optimizer_v2
assert tf.lite.TFLiteConverter and tf.distribute.MirroredStrategy and tf.distribute.experimental.CentralStorageStrategy
import requests
assert requests.get and requests.adapters.HTTPAdapter
"""


@pytest.mark.slow
def test_a_process_of_our_own_imports_no_package_that_keras_can_do_without_and_any_module_of_it_first_afterwards():
    program = [sys.executable, "-c", WITHOUT_OPTIONAL + WITHIN]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "set() True True\n"), result.stderr
    assert "oneDNN" not in result.stderr


@pytest.mark.slow
@pytest.mark.exhaustive
def test_names_that_no_training_needs_are_there_when_they_are_asked_for_and_nothing_else_is_missing():
    printed = []
    for process in ("ours", "claimed"):
        program = [sys.executable, "-c", SELDOM, process]
        result = subprocess.run(program, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        printed.append([ast.literal_eval(line) for line in result.stdout.splitlines()])
    (none, *everything), (all_of_them, *registered) = printed
    assert (none, all_of_them) == (0.0, 1.0)
    of_their_own = {"AudioMicrofrontend", "DebugGradientIdentity", "DebugGradientRefIdentity", "DebugIdentityV2"}
    gradients, conversions = ({*names} for names in everything)
    assert [gradients - of_their_own, conversions] == [{*names} for names in registered]


USUAL = inspect.getfullargspec


class Described:
    """Functions of all kinds."""

    def method(self, at, *more, only=1, **options: int) -> str: ...

    half = partialmethod(method, 2)


def positional(a, /, b: int = 1, *, c, d: str = "") -> None: ...


def signed(*anything): ...


signed.__signature__ = inspect.signature(positional)


@pytest.mark.parametrize(
    "function",
    [positional, signed, Described, Described.method, Described().method, Described.half, partial(positional, 1)],
)
def test_functions_are_described_as_python_does_while_tensorflow_is_imported(function):
    def described():
        return inspect.getfullargspec(function), inspect.signature(function)

    usual = described()
    with _quick_descriptions():
        assert inspect.getfullargspec is not USUAL
        assert described() == usual
    assert inspect.getfullargspec is USUAL


def test_types_and_parameters_are_what_python_makes_of_them_while_tensorflow_is_imported():
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    usual = typing.TypeVar("usual", "int", "str").__constraints__
    with _quick_descriptions():
        first, second = (typing.TypeVar(name, "int", "str").__constraints__ for name in "ab")
        assert inspect.Parameter("name", kind, default=1) == inspect.Parameter("name", kind.value, default=1)
        for wrong in ("class", "a b", 1):
            with pytest.raises((ValueError, TypeError)):
                inspect.Parameter(wrong, kind)
        no_type = "not a type"
        with pytest.raises(SyntaxError):
            typing.TypeVar("wrong", "int", no_type)
    assert first == second == usual
    assert first[0] is second[0]
    assert typing.TypeVar("after", "int", "str").__constraints__[0] is not first[0]
