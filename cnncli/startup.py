"""TensorFlow and Keras, started so that none of their chatter reaches a person. To import this module is to start them.

Nobody else imports either: `from cnncli.startup import tf` is how all other modules come by them, so that whoever
needs TensorFlow first starts it quietly, and what needs none, such as the data doctor, never waits for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator

from cnncli.errors import CnncliError
from cnncli.machine import processor_flags, usable_cores

_VARIABLES = ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS")
"""Environment variables that TensorFlow and Keras read once, as they start."""


def _set_variables() -> None:
    """Sets what is read at the start; a program that started TensorFlow before has decided for itself."""
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
    if backend != "tensorflow":
        raise CnncliError(f"Keras runs on {backend} in this program", "set the variable KERAS_BACKEND to tensorflow")
    # By default TensorFlow uses oneDNN only where there is AVX512-VNNI or better (its release notes of 2.9). With AVX2
    # alone it makes a convolutional training up to twice as fast: benchmarks/step.py.
    has_onednn = platform.machine().lower() in ("x86_64", "amd64")
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        if has_onednn:
            os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    elif has_onednn and "TF_ENABLE_ONEDNN_OPTS" not in os.environ and "avx512_vnni" not in (processor_flags() or ()):
        warnings.warn(
            "TensorFlow was imported before cnncli could switch oneDNN on: training is slower, and its last digits may "
            "differ from those of the command line; set the variable TF_ENABLE_ONEDNN_OPTS to 1 first",
            stacklevel=2,
        )


@contextlib.contextmanager
def _stderr_aside() -> Iterator[list[str]]:
    """Inside, file descriptor 2 leads to a file, whose text is in the list afterwards.

    TensorFlow's C++ side writes to it whatever its log level while it starts and looks for devices.
    """
    text: list[str] = []
    try:
        before = os.dup(2)
    except OSError:  # a program without a terminal may have closed it
        yield text
        return
    with tempfile.TemporaryFile() as aside:
        _flush_stderr()
        os.dup2(aside.fileno(), 2)
        try:
            yield text
        finally:
            _flush_stderr()
            os.dup2(before, 2)
            os.close(before)
        aside.seek(0)
        text.append(aside.read().decode("utf-8", "replace"))


def _flush_stderr() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


_set_variables()
SETTINGS = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
"""The variables as TensorFlow found them."""

LOG_LEVEL_BEFORE = logging.getLogger("tensorflow").level
"""Level of TensorFlow's logger, to be put back in a program that logs as well."""

with _stderr_aside() as _text:
    import keras
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.config.list_logical_devices()

CHATTER = "".join(_text)
"""What TensorFlow wrote while it started, for the log of a run."""


def device_name() -> str:
    """What trains: `GPU (NVIDIA …)`, or `CPU, 2 cores`."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU ({details.get('device_name', 'unknown')})"
    cores = usable_cores()
    return f"CPU, {cores} core{'s' * (cores != 1)}"


__all__ = ["CHATTER", "LOG_LEVEL_BEFORE", "SETTINGS", "device_name", "keras", "tf"]
