"""Leaves the program that calls cnncli as it was: its Keras, TensorFlow, random numbers, warnings and environment.

Training sets seeds, counts layer names and starts TensorFlow with settings of its own. Inside `isolated`, Keras is as
in a new process, so a call gives the same result whatever ran before; afterwards everything is put back, also after an
exception. Signal handlers are never touched.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any


@contextlib.contextmanager
def isolated(before_start: Callable[[], None] | None = None) -> Iterator[None]:
    """Inside, Keras is as in a new process; afterwards the program is as it was.

    May be nested, and entered in several threads at a time: what all threads share is saved by the first of them and
    restored by the last.

    Args:
        before_start: Called before TensorFlow is started, to set variables that it reads then; not when it is running.
    """
    with _shared.entered(before_start), _thread_state():
        yield


class _SharedState:
    """Saved by the first that enters, restored by the last that leaves."""

    def __init__(self) -> None:
        self._lock, self._inside, self._saved = threading.Lock(), 0, ExitStack()

    @contextlib.contextmanager
    def entered(self, before_start: Callable[[], None] | None) -> Iterator[None]:
        with self._lock:
            if not self._inside:
                self._saved = _save(before_start)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._saved.close()


_shared = _SharedState()


def _save(before_start: Callable[[], None] | None) -> ExitStack:
    """Saves and resets what all threads share; closing the stack restores it."""
    import logging

    started = "cnncli.startup" in sys.modules
    with ExitStack() as stack:
        stack.callback(_restore_environment, dict(os.environ))
        stack.callback(random.setstate, random.getstate())
        stack.enter_context(warnings.catch_warnings())
        if before_start is not None and not started:
            before_start()
        from cnncli import startup

        os.environ.update(startup.SETTINGS)
        warnings.filterwarnings("ignore", module=r"PIL\.")  # about metadata of files, which are not used
        warnings.simplefilter("ignore", DeprecationWarning)  # of Keras' own; a program may turn them into errors
        logger = logging.getLogger("tensorflow")
        stack.callback(logger.setLevel, logger.level if started else startup.LOG_LEVEL_BEFORE)
        logger.setLevel(logging.ERROR)
        _save_numpy(stack)
        _save_keras(stack)
        _save_tensorflow(stack)
        return stack.pop_all()


def _restore_environment(before: Mapping[str, str]) -> None:
    """Puts back the variables that TensorFlow and Keras read."""
    for name in {*before, *os.environ}:
        if not name.startswith(("TF_", "KERAS_")):
            continue
        if name in before:
            os.environ[name] = before[name]
        else:
            del os.environ[name]


def _save_numpy(stack: ExitStack) -> None:
    import numpy as np

    stack.callback(np.random.set_state, np.random.get_state())


def _save_keras(stack: ExitStack) -> None:
    from keras.src.backend.common import global_state

    from cnncli.startup import keras

    stack.callback(setattr, global_state, "GLOBAL_STATE_TRACKER", global_state.GLOBAL_STATE_TRACKER)
    settings: list[tuple[Callable[[Any], None], Any, Any]] = [
        (keras.config.set_floatx, keras.config.floatx(), "float32"),
        (keras.config.set_epsilon, keras.config.epsilon(), 1e-7),
        (keras.config.set_image_data_format, keras.config.image_data_format(), "channels_last"),
    ]
    for setter, before, default in settings:
        stack.callback(setter, before)
        setter(default)


def _save_tensorflow(stack: ExitStack) -> None:
    """The global seed, determinism and eager mode; for the first two TensorFlow 2.21 has no public getter."""
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config

    from cnncli.startup import tf

    eager = context.context()
    stack.callback(_restore_attributes, eager, {name: vars(eager)[name] for name in _SEED if name in vars(eager)})
    deterministic = config.is_op_determinism_enabled()
    stack.callback(config.enable_op_determinism if deterministic else config.disable_op_determinism)
    config.disable_op_determinism()
    stack.callback(tf.config.run_functions_eagerly, tf.config.functions_run_eagerly())
    tf.config.run_functions_eagerly(False)


_SEED = ("_seed", "_rng")
"""Attributes of TensorFlow's context; the second is only there after a seed was set."""


def _restore_attributes(context: Any, before: Mapping[str, Any]) -> None:
    for name in _SEED:
        vars(context).pop(name, None)
    vars(context).update(before)


@contextlib.contextmanager
def _thread_state() -> Iterator[None]:
    """Gives this thread Keras' state of a new process: dtype policy, counters of layer names, the seed generator.

    Keras 3.15 has no public way to save it; `keras.utils.clear_session` would delete it for good.
    """
    from keras.src.backend.common import global_state

    tracker = global_state.GLOBAL_STATE_TRACKER
    before = dict(vars(tracker))
    vars(tracker).clear()
    try:
        yield
    finally:
        vars(tracker).clear()
        vars(tracker).update(before)
