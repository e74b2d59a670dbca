"""Leaves the program that calls cnncli as it was: its Keras, TensorFlow, NumPy, random numbers, warnings, environment.

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

from cnncli.environment import RESULT_VARIABLES
from cnncli.errors import ResourceError


@contextlib.contextmanager
def isolated(before_start: Callable[[], object] | None = None) -> Iterator[None]:
    """Inside, Keras is as in a new process; afterwards the program is as it was.

    May be nested, and entered in several threads at a time: what all threads share is saved by the first of them and
    restored by the last.

    Args:
        before_start: Called before TensorFlow is started, to set variables that it reads then; not when it is imported.
    """
    with isolated_images(), _keras.entered(lambda: _save_of_keras(before_start)), _thread_state():
        yield


@contextlib.contextmanager
def isolated_images() -> Iterator[None]:
    """Inside, images are read as in a new process, whatever the program has set; Keras is neither needed nor saved.

    May be nested, and entered in several threads at a time.
    """
    import numpy as np

    with _images.entered(_save_of_images), np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
        yield


class _SharedState:
    """Saved by the first that enters, restored by the last that leaves."""

    def __init__(self) -> None:
        self._lock, self._inside, self._saved = threading.Lock(), 0, ExitStack()

    @contextlib.contextmanager
    def entered(self, save: Callable[[], ExitStack]) -> Iterator[None]:
        with self._lock:
            if not self._inside:
                self._saved = save()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._saved.close()


_images, _keras = _SharedState(), _SharedState()
"""What reading images depends on, and everything else; whoever enters the second is inside the first."""


def _save_of_images() -> ExitStack:
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        _reset_warnings()
        _save_pillow(stack)
        return stack.pop_all()


def _save_of_keras(before_start: Callable[[], object] | None) -> ExitStack:
    """Saves and resets the rest of what all threads share; closing the stack restores it."""
    import logging

    started = "cnncli.startup" in sys.modules
    with ExitStack() as stack:
        stack.callback(_restore_environment, dict(os.environ))
        stack.callback(random.setstate, random.getstate())
        if before_start is not None and not started and "tensorflow" not in sys.modules:
            before_start()
        import numpy as np

        from cnncli import startup

        for name in startup.VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(startup.SETTINGS)
        logger = logging.getLogger("tensorflow")
        stack.callback(logger.setLevel, logger.level if started else startup.LOG_LEVEL_BEFORE)
        logger.setLevel(logging.ERROR)
        stack.callback(np.random.set_state, np.random.get_state())
        _save_keras(stack, started)
        _save_tensorflow(stack)
        return stack.pop_all()


def _restore_environment(before: Mapping[str, str]) -> None:
    """Puts back the variables that TensorFlow and Keras read."""
    for name in {*before, *os.environ}:
        if not name.startswith(("TF_", "KERAS_")) and name not in RESULT_VARIABLES:
            continue
        if name in before:
            os.environ[name] = before[name]
        else:
            os.environ.pop(name, None)


def _reset_warnings() -> None:
    """Filters as Python has them at first: a program, or PYTHONWARNINGS, may turn every warning into an error.

    What the program ignores stays ignored, notices of cnncli too.
    """
    warnings.filters = [each for each in warnings.filters if each[0] == "ignore"]
    for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
    for package in ("PIL", "pydicom"):  # about metadata of files, which are not used
        warnings.filterwarnings("ignore", module=rf"{package}\.")


def _save_pillow(stack: ExitStack) -> None:
    """What notebooks often set: that files may be cut off, and how many pixels are too many."""
    from PIL import Image, ImageFile

    settings: list[tuple[Any, str, Any]] = [
        (ImageFile, "LOAD_TRUNCATED_IMAGES", False),
        (Image, "MAX_IMAGE_PIXELS", (1024 * 1024 * 1024 // 4 // 3)),
    ]
    for module, name, default in settings:
        stack.callback(setattr, module, name, getattr(module, name))
        setattr(module, name, default)


def _save_keras(stack: ExitStack, started: bool) -> None:
    from keras.src.backend.common import global_state

    from cnncli.startup import KERAS_BEFORE, KERAS_SETTINGS, keras

    stack.callback(setattr, global_state, "GLOBAL_STATE_TRACKER", global_state.GLOBAL_STATE_TRACKER)
    for name, value in KERAS_SETTINGS.items():
        setter = getattr(keras.config, f"set_{name}")
        stack.callback(setter, getattr(keras.config, name)() if started else KERAS_BEFORE[name])
        setter(value)


def _save_tensorflow(stack: ExitStack) -> None:
    """The global seed, determinism, eager mode, and how graphs are optimised.

    For most of them TensorFlow 2.21 has no public getter, or none that tells what was never set.
    """
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config

    from cnncli.startup import tf

    if not tf.executing_eagerly():
        raise ResourceError(
            "TensorFlow does not execute eagerly in this program", "leave out tf.compat.v1.disable_eager_execution()"
        )
    eager = context.context()
    stack.callback(_restore_attributes, eager, {name: vars(eager)[name] for name in _SEED if name in vars(eager)})
    deterministic = config.is_op_determinism_enabled()
    stack.callback(config.enable_op_determinism if deterministic else config.disable_op_determinism)
    config.disable_op_determinism()
    stack.callback(tf.config.run_functions_eagerly, tf.config.functions_run_eagerly())
    tf.config.run_functions_eagerly(False)
    stack.callback(_set_optimizer, eager, eager._optimizer_jit, eager._optimizer_experimental_options)
    _set_optimizer(eager, None, {})
    if not tf.config.list_physical_devices("GPU"):
        _leave_out_passes(eager)


def _set_optimizer(context: Any, jit: Any, options: dict[str, Any]) -> None:
    """What `tf.config.optimizer` sets: whether graphs are compiled, and how they are rewritten."""
    context._optimizer_jit, context._optimizer_experimental_options = jit, options
    context._thread_local_data.function_call_options = None  # in which they are cached


def _leave_out_passes(context: Any) -> None:
    """Rewritings of graphs that find nothing to change in those of a processor, and take as long as some steps."""
    from tensorflow.python.eager.context import FunctionCallOptions

    from cnncli.startup import tf

    passes = ("layout_optimizer", "shape_optimization", "implementation_selector")
    tf.config.optimizer.set_experimental_options(dict.fromkeys(passes, False))
    config = context.config
    config.graph_options.rewrite_options.disable_tfg_optimizer = True  # which tf.config.optimizer does not offer
    context.function_call_options = FunctionCallOptions(config_proto=config)


_SEED = ("_seed", "_rng")
"""Attributes of TensorFlow's context; the second is only there after a seed was set."""


def _restore_attributes(context: Any, before: Mapping[str, Any]) -> None:
    for name in _SEED:
        vars(context).pop(name, None)
    vars(context).update(before)


@contextlib.contextmanager
def _thread_state() -> Iterator[None]:
    """Gives this thread the state of a new process: Keras' dtype policy, counters of layer names and seed generator.

    Keras 3.15 has no public way to save its own; `keras.utils.clear_session` would delete it for good.
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
