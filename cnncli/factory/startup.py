"""Starts TensorFlow so that none of its chatter reaches a person."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import cache


@cache
def start_tensorflow() -> str:
    """Imports TensorFlow and Keras quietly, once.

    TensorFlow's C++ side writes to file descriptor 2 whatever its log level, so the descriptor itself is turned aside
    while it starts and looks for devices.

    Returns:
        What was written meanwhile, for the log of the run.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
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


def device_name() -> str:
    """What trains: `GPU (NVIDIA …)`, or `CPU, 2 cores`."""
    start_tensorflow()
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"GPU ({details.get('device_name', 'unknown')})"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"CPU, {cores} core{'s' * (cores != 1)}"
