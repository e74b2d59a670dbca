"""TensorFlow and Keras, started so that none of their chatter reaches a person. To import this module is to start them.

Nobody else imports either: `from cnncli.startup import tf` is how all other modules come by them, so that whoever
needs TensorFlow first starts it quietly, and what needs none, such as the data doctor, never waits for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cnncli.chatter import stderr_aside
from cnncli.environment import (
    ONEDNN,
    RESULT_VARIABLES,
    THREADS,
    expects_workers,
    has_onednn,
    matplotlib_backend_aside,
    processor_parts,
    set_before_tensorflow,
    threads_to_start_with,
)
from cnncli.errors import ResourceError
from cnncli.imports import load_libraries, quick_imports
from cnncli.machine import expanded, has_nvidia_driver, processor_flags, usable_cores

VARIABLES = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", *RESULT_VARIABLES)
"""Environment variables that TensorFlow and Keras read once, as they start."""

KERAS_SETTINGS: Mapping[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
"""What cnncli builds and trains networks with, whatever keras.json or the calling program has set."""


def _prepare() -> None:
    """Sets what is read at the start; a program that started TensorFlow before has decided for itself."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
    if backend != "tensorflow":
        raise ResourceError(f"Keras runs on {backend} in this program", "set the variable KERAS_BACKEND to tensorflow")
    os.environ["KERAS_BACKEND"] = backend  # keras.json may name another
    os.environ["KERAS_NNX_ENABLED"] = "false"  # which is for another backend, and keras.json may switch on
    if "tensorflow" not in sys.modules:
        set_before_tensorflow()
        _refuse_unknown_xla_flags()
    elif has_onednn() and ONEDNN not in os.environ and "avx512_vnni" not in (processor_flags() or ()):
        warnings.warn(
            "TensorFlow was imported before cnncli could switch oneDNN on: training is slower, and its last digits may "
            "differ from those of the command line; set the variable TF_ENABLE_ONEDNN_OPTS to 1 first",
            stacklevel=2,
        )


def _refuse_unknown_xla_flags() -> None:
    """Tries TF_XLA_FLAGS in another process, because TensorFlow ends its process on a flag that it does not know."""
    flags = os.environ.get("TF_XLA_FLAGS")
    if not flags:
        return
    program = [sys.executable, "-c", "import tensorflow as tf; tf.config.list_logical_devices()"]
    tried = subprocess.run(program, capture_output=True, text=True, errors="replace", check=False)
    reasons = [line.split("] ")[-1] for line in tried.stderr.splitlines() if "TF_XLA_FLAGS" in line]
    if tried.returncode and reasons:
        raise ResourceError(
            f"TensorFlow cannot be started: {reasons[-1]}", "correct or unset the variable TF_XLA_FLAGS"
        )


def _not_started(error: Exception) -> ResourceError:
    """Why Keras or TensorFlow cannot be imported."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    raised_in = Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    if raised_in.parts[-4:] == ("keras", "src", "backend", "config.py"):
        file = expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "keras.json"
        hint = f"correct or remove {file}, or the variables that begin with KERAS_"
        return ResourceError(f"Keras cannot use its settings: {lines[0]}", hint)
    reasons = [line.removeprefix("ImportError: ") for line in lines if line.startswith("ImportError: ")]  # TensorFlow's
    message = f"TensorFlow cannot be imported: {(reasons or lines)[-1 if reasons else 0]}"
    if "usable temporary directory" in message:
        return ResourceError(message, "set TMPDIR to a folder of yours")
    if isinstance(error, OSError):  # the system's limits
        return ResourceError(message)
    variable = next((name for name in re.findall(r"[A-Z]+(?:_[A-Z]+)+", message) if name in os.environ), None)
    if variable:
        return ResourceError(message, f"correct or unset the variable {variable}")
    return ResourceError(message, "to repair the installation: pip install --force-reinstall tensorflow keras")


def _divide_processor() -> None:
    """Makes several devices of the processor, where `divide_processor` was asked for them."""
    if (parts := processor_parts()) > 1:
        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * parts)


def _set_threads() -> None:
    """Sets the threads of an operation, not by the variable: other processes of the program would have it as well."""
    if number := threads_to_start_with():
        tf.config.threading.set_intra_op_parallelism_threads(number)


_prepare()
SETTINGS = {name: os.environ[name] for name in VARIABLES if name in os.environ}
"""The variables as TensorFlow found them."""

LOG_LEVEL_BEFORE = logging.getLogger("tensorflow").level
"""Level of TensorFlow's logger, to be put back in a program that logs as well."""

with stderr_aside() as _text, matplotlib_backend_aside():
    try:
        load_libraries()
        with quick_imports():
            import keras
            import tensorflow as tf
    except Exception as _error:  # a broken installation can raise anything
        raise _not_started(_error) from _error

    tf.get_logger().setLevel("ERROR")
    with contextlib.suppress(RuntimeError):  # the program has started TensorFlow; what was trained is recorded
        _set_threads()
    with contextlib.suppress(RuntimeError):  # whoever needs the parts will miss them
        _divide_processor()
    if not expects_workers():
        tf.config.list_logical_devices()

KERAS_BEFORE = {name: getattr(keras.config, name)() for name in KERAS_SETTINGS}
"""The same settings of keras.json, or of the program, to be put back there."""

for _name, _value in KERAS_SETTINGS.items():
    getattr(keras.config, f"set_{_name}")(_value)

_NO_GPU = re.compile(r"cuda|gpu|InitializeLog", re.IGNORECASE)

CHATTER = "".join(
    line for line in "".join(_text).splitlines(keepends=True) if has_nvidia_driver() or not _NO_GPU.search(line)
)
"""What TensorFlow wrote while it started, for the log of a run; without its search for a GPU where there is none."""


def default_graph() -> Any:
    """The graph that operations are added to: `tf.compat.v1`, which offers it, takes a tenth of a second to import."""
    from tensorflow.python.framework import ops

    return ops.get_default_graph()


def operation_threads() -> int:
    """Number of threads of one operation: that of the variable, or the one that was set, or that of the cores."""
    configured = os.environ.get(THREADS, "")
    if configured.isdecimal() and int(configured):
        return int(configured)
    return int(tf.config.threading.get_intra_op_parallelism_threads()) or usable_cores()


def device_name(devices: Sequence[str] = (), processes: int = 1) -> str:
    """What trains: `GPU (NVIDIA …)`, or `CPU, 2 cores`; with names of devices, `GPU:0 and GPU:1: GPU (NVIDIA …)`.

    With several processes, each of which has the same number of devices, `2 ranks, each on CPU, 2 cores`.
    """
    if processes > 1:
        own = len(devices) // processes
        return f"{processes} ranks, each on {f'{own} times ' * (own > 1)}{device_name()}"
    if devices:
        of_processor = devices[0].startswith("CPU") and bool(tf.config.list_physical_devices("GPU"))
        return " and ".join(devices) if of_processor else f"{' and '.join(devices)}: {device_name()}"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU ({details.get('device_name', 'unknown')})"
    cores = usable_cores()
    return f"CPU, {cores} core{'s' * (cores != 1)}"
