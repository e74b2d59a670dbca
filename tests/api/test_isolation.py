"""A program that calls cnncli finds everything as it was: Keras, TensorFlow, random numbers, logging, signals."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from comparison import threads_here

pytestmark = pytest.mark.slow


def in_a_program(program: str, **environment: str) -> str:
    """What a program of its own prints; it must print nothing on stderr."""
    import os

    variables = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        env={**variables, **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


STATE = """
import logging, os, random, signal, sys, warnings
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
import keras, numpy as np, tensorflow as tf
from PIL import Image, ImageFile

keras.config.set_dtype_policy("mixed_bfloat16")
keras.config.set_epsilon(1e-5)
keras.config.set_floatx("float64")
keras.config.set_image_data_format("channels_first")
keras.utils.set_random_seed(7)
tf.config.experimental.enable_op_determinism()
tf.config.optimizer.set_jit("autoclustering")
tf.config.optimizer.set_experimental_options({"constant_folding": False})
tf.get_logger().setLevel("WARNING")
warnings.simplefilter("error")
np.seterr(all="raise")
ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = True, 9
signal.signal(signal.SIGINT, lambda number, frame: None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
before = model.predict(np.ones((1, 4)), verbose=0)

def state():
    from tensorflow.python.framework import config
    import matplotlib
    return {
        "optimizer": (tf.config.optimizer.get_jit(), tf.config.optimizer.get_experimental_options()),
        "pillow": (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS),
        "numpy errors": np.geterr(),
        "policy": keras.config.dtype_policy().name,
        "settings": (keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()),
        "determinism": config.is_op_determinism_enabled(),
        "environment": {k: v for k, v in os.environ.items() if k.startswith(("TF_", "KERAS_"))},
        "logging": (tf.get_logger().level, logging.getLogger().level, logging.getLogger().handlers[:]),
        "warnings": warnings.filters[:],
        "signals": (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)),
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),
        "matplotlib": dict(matplotlib.rcParams),
    }

def draws():
    # What the program does next: random numbers of every kind, and the name of a new layer
    return (
        random.random(), np.random.rand(), float(tf.random.uniform(())), float(keras.random.uniform(())),
        keras.layers.Dense(2).name, float(keras.initializers.GlorotUniform()((1, 1))[0][0]),
    )
"""


@pytest.fixture(scope="module")
def expected():
    """What the program draws when it does not call cnncli."""
    return in_a_program(STATE + "print(draws())")


def program(body: str) -> str:
    return (
        STATE
        + "at_first = state()\nimport cnncli\n"
        + textwrap.dedent(body)
        + textwrap.dedent("""
            after = state()
            assert after == at_first, [key for key in after if after[key] != at_first[key]]
            assert np.array_equal(model.predict(np.ones((1, 4)), verbose=0), before)
            print(draws())
            """)
    )


CALLS = """
spec = cnncli.load_spec("mnist.yaml")
more = cnncli.load_spec("mnist.yaml", {"augment": ["RandomFlip"]})
cnncli.build_model(more), cnncli.summary(more), cnncli.preview(more), cnncli.check_data(more)
cnncli.check_spec("mnist.yaml", build=True)
cnncli.train(cnncli.load_spec("mnist.yaml", {"seed": 5}), runs_dir="other")
run = cnncli.train(spec, runs_dir="there")
run.evaluate()
run.predict("digit.png")
assert run.reproduce().is_same
at_last = state()
assert at_last == at_first, [key for key in at_last if at_last[key] != at_first[key]]

class Broken(cnncli.TrainingObserver):
    def on_epoch_end(self, epoch, best):
        raise ZeroDivisionError

try:
    cnncli.train(cnncli.load_spec("mnist.yaml", {"train.deterministic": True}), observers=[Broken()])
except ZeroDivisionError:
    assert cnncli.open_run("mnist-002").state == "failed"
"""


@pytest.mark.exhaustive
def test_the_program_is_as_it_was_and_results_are_those_of_the_command_line(expected, example_folder):
    """After every call, and after an exception within one."""
    assert in_a_program(program(CALLS)) == expected
    assert_same_run(example_folder / "runs" / "mnist-001", example_folder / "there" / "mnist-001")


def assert_same_run(one, other):
    for name in ("weights/best.weights.h5", "weights/last.weights.h5", "predictions.csv", "metrics.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_a_backend_other_than_tensorflow_is_refused(example_folder):
    output = in_a_program(
        """
        import cnncli
        spec = cnncli.load_spec("mnist.yaml")
        try:
            cnncli.build_model(spec)
        except cnncli.CnncliError as error:
            print(error, "|", error.hint)
        """,
        KERAS_BACKEND="jax",
    )
    assert output == "Keras runs on jax in this program | set the variable KERAS_BACKEND to tensorflow\n"


@pytest.mark.exhaustive
def test_the_backend_of_matplotlib_and_the_settings_of_keras_json_stay_those_of_the_program(example_folder, tmp_path):
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text('{"floatx": "float64", "image_data_format": "channels_first"}')
    output = in_a_program(
        """
        import os
        import cnncli
        cnncli.train(cnncli.load_spec("mnist.yaml"), runs_dir="there")
        import keras, matplotlib
        print(os.environ["MPLBACKEND"], matplotlib.rcParams["backend"])
        print(keras.config.floatx(), keras.config.image_data_format())
        """,
        KERAS_HOME=str(tmp_path / "keras"),
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        **threads_here(),
    )
    backend = "module://matplotlib_inline.backend_inline"
    assert output == f"{backend} {backend}\nfloat64 channels_first\n"
    assert_same_run(example_folder / "runs" / "mnist-001", example_folder / "there" / "mnist-001")


@pytest.mark.exhaustive
def test_programs_that_cnncli_cannot_be_part_of_are_told_why(example_folder, tmp_path):
    told = """
        import cnncli
        try:
            cnncli.build_model(cnncli.load_spec("mnist.yaml"))
        except cnncli.ResourceError as error:
            print(error.exit_code, error, "|", error.hint)
        """
    graphs = "import tensorflow as tf\ntf.compat.v1.disable_eager_execution()\n" + textwrap.dedent(told)
    assert "5 TensorFlow does not execute eagerly in this program" in in_a_program(graphs, TF_CPP_MIN_LOG_LEVEL="3")
    assert "5 Keras cannot use its settings: invalid literal" in in_a_program(told, KERAS_MAX_EPOCHS="nonsense")
    assert "5 Keras runs on torch in this program" in in_a_program(told, KERAS_BACKEND="torch")


@pytest.mark.exhaustive
def test_a_setting_that_comes_too_late_is_warned_of_and_recorded(example_folder):
    output = in_a_program(
        """
        import json, tensorflow, warnings
        from cnncli import machine
        machine.processor_flags = lambda: frozenset({"avx2"})
        import cnncli
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = cnncli.train(cnncli.load_spec("mnist.yaml"))
        print([str(one.message).partition(":")[0] for one in caught if one.category is UserWarning])
        print(json.loads((run.path / "environment.json").read_text())["onednn"])
        """
    )
    assert output == "['TensorFlow was imported before cnncli could switch oneDNN on']\ndefault\n"


def test_graphs_of_a_processor_are_spared_the_passes_that_find_nothing_there(monkeypatch):
    import tensorflow as tf
    from tensorflow.core.protobuf.config_pb2 import ConfigProto
    from tensorflow.python.eager.context import context

    from cnncli.isolation import isolated

    def left_out():
        config = ConfigProto.FromString(context().function_call_options.config_proto_serialized)
        passes = config.graph_options.rewrite_options
        return passes.layout_optimizer == passes.OFF, passes.disable_tfg_optimizer

    assert left_out() == (False, False)
    for _ in range(2):
        with isolated():
            assert left_out() == (True, True)
            tf.config.optimizer.set_experimental_options({"layout_optimizer": True})  # by an observer, say
        assert left_out() == (False, False)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    with isolated():
        assert left_out() == (False, False)
