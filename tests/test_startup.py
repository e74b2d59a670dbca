"""TensorFlow starts without a word on the person's terminal; what it had to say is kept for the log."""

from __future__ import annotations

import ast
import os
import platform
import subprocess
import sys

import pytest

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

SELDOM = """
import sys
from cnncli import environment
if sys.argv[1] == "claimed":
    environment.claim_process()
from cnncli.startup import keras, tf
from tensorflow.python.framework import ops, tensor_conversion_registry
inputs = keras.Input((8, 8, 1))
model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(inputs))))
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(tf.ones((4, 8, 8, 1)), tf.zeros(4), verbose=0)
later = [name for name in environment._SELDOM if "__getattr__" in vars(sys.modules[name])]
print(len(later) / len(environment._SELDOM))
print(sorted(ops.gradient_registry.list()))
print(sorted(map(str, tensor_conversion_registry._tensor_conversion_func_registry)))
assert tf.compat.v1.get_default_graph is ops.get_default_graph
assert tf.lite.TFLiteConverter and tf.feature_column.numeric_column and tf.test.TestCase and tf.compat.v2.nn.relu
"""


@pytest.mark.slow
def test_a_process_of_our_own_imports_no_package_that_keras_can_do_without():
    program = [sys.executable, "-c", WITHOUT_OPTIONAL]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "set() True True\n"), result.stderr


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
    assert registered == everything
