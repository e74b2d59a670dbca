"""TensorFlow and Keras, started so that none of their chatter reaches a person. To import this module is to start them.

Nobody else imports either: `from cnncli.startup import tf` is how all other modules come by them, so that whoever
needs TensorFlow first starts it quietly, and what needs none, such as the data doctor, never waits for it.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile

from cnncli.machine import usable_cores


def _start() -> str:
    """Imports both; gives what was written meanwhile.

    TensorFlow's C++ side writes to file descriptor 2 whatever its log level, so the descriptor itself is turned aside
    while it starts and looks for devices.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if platform.machine().lower() in ("x86_64", "amd64"):
        # Left alone, TensorFlow uses oneDNN only where there is AVX512-VNNI or better (its release notes of 2.9). With
        # AVX2 alone it makes a convolutional training up to twice as fast: benchmarks/step.py.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow as tf

            tf.get_logger().setLevel("ERROR")
            tf.config.list_logical_devices()
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
        aside.seek(0)
        return aside.read().decode("utf-8", "replace")


CHATTER = _start()
"""What was written while they started, for the log of a run."""

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402


def device_name() -> str:
    """What trains: `GPU (NVIDIA …)`, or `CPU, 2 cores`."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU ({details.get('device_name', 'unknown')})"
    cores = usable_cores()
    return f"CPU, {cores} core{'s' * (cores != 1)}"


__all__ = ["CHATTER", "device_name", "keras", "tf"]
