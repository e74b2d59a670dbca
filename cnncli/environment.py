"""Environment variables that others read: which of them cnncli sets, and which can change the results of a training.

Whoever uses several programs has variables for each of them. None of these may decide what a training gives, but for
those that are there to change how TensorFlow computes: they are obeyed, named, and recorded in the run.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping

from cnncli.machine import MOST_THREADS

ONEDNN, THREADS = "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS"

RESULT_VARIABLES = (
    ONEDNN,
    THREADS,
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",
    "NVIDIA_TF32_OVERRIDE",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "TF_AUTO_MIXED_PRECISION_GRAPH_REWRITE_LEVEL",
    "TF_CONV2D_USE_FP16_ACCUMULATE",
    "TF_CUDNN_DETERMINISTIC",
    "TF_CUDNN_USE_AUTOTUNE",
    "TF_CUDNN_USE_RUNTIME_FUSION",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_MAXPOOL_NANPROP",
    "TF_ENABLE_WINOGRAD_NONFUSED",
    "TF_ENABLE_ZENDNN_OPTS",
    "TF_FP16_CONV_USE_FP32_COMPUTE",
    "TF_FP16_MATMUL_USE_FP32_COMPUTE",
    "TF_MATMUL_AUTOTUNE_ENABLE",
    "TF_OVERRIDE_GLOBAL_THREADPOOL",
    "TF_SET_ONEDNN_FPMATH_MODE",
    "TF_USE_CUBLASLT",
    "TF_USE_CUDNN_BATCHNORM_SPATIAL_PERSISTENT",
    "TF_USE_DEEP_CONV2D",
    "TF_USE_DEFAULT_CONV_ALGO",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
"""Variables by which TensorFlow, XLA, oneDNN or NVIDIA's libraries compute otherwise; a closed list, because others of
these names can hold secrets: Terraform's begin with TF_ too."""

_FOR_PROGRAMS = ("KERAS_NNX_ENABLED", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")
"""Variables of Keras for the user's own scripts: a missing package or a misspelt number there would end its import."""

_ours: dict[str, str] = {}

_parts, _workers = 1, False

_threads: int | None = None

_is_claimed = False


def divide_processor(parts: int) -> None:
    """Has TensorFlow make a number of devices of the processor when it starts; later it cannot."""
    global _parts
    _parts = max(_parts, parts)


def processor_parts() -> int:
    """How many devices TensorFlow makes of the processor when it starts."""
    return _parts


def expect_workers() -> None:
    """Leaves it to the training to start TensorFlow's devices: those of other processes have to be known before."""
    global _workers
    _workers = True


def expects_workers() -> bool:
    """Whether TensorFlow's devices are not to be started with it."""
    return _workers


def claim_process() -> None:
    """Sets what Keras reads, in a process that is cnncli's alone: it needs TensorFlow, whatever other programs need."""
    global _is_claimed
    _is_claimed = True
    os.environ["KERAS_BACKEND"] = "tensorflow"
    for name in _FOR_PROGRAMS:
        os.environ.pop(name, None)


def is_claimed() -> bool:
    """Whether the process is cnncli's alone."""
    return _is_claimed


def set_by_default(name: str, value: str) -> None:
    """Sets a variable that the user has not set."""
    if name not in os.environ:
        os.environ[name] = _ours[name] = value


def set_threads(number: int) -> None:
    """Sets how many threads TensorFlow takes for an operation when it starts; later it cannot."""
    global _threads
    _threads = number


def threads_to_start_with() -> int | None:
    """How many threads TensorFlow is to take for an operation; None for its own number, or that of the user."""
    return None if os.environ.get(THREADS) else _threads


def _drop_wrong_threads() -> None:
    threads = os.environ.get(THREADS, "")
    if threads and not (threads.isdecimal() and 0 < int(threads) <= MOST_THREADS):
        del os.environ[THREADS]


def set_before_tensorflow() -> None:
    """Sets what TensorFlow reads as it starts, and corrects values that it would not understand."""
    set_by_default("TF_CPP_MIN_LOG_LEVEL", "3")  # what it calls an error and goes on after would cross the screen
    _drop_wrong_threads()
    # By default TensorFlow uses oneDNN only where there is AVX512-VNNI or better (its release notes of 2.9). With AVX2
    # alone it makes a convolutional training up to twice as fast: benchmarks/step.py.
    if has_onednn():
        os.environ[ONEDNN] = "0" if os.environ.get(ONEDNN, "").lower() in ("0", "false") else "1"


@contextlib.contextmanager
def matplotlib_backend_aside() -> Iterator[None]:
    """Inside, matplotlib can be imported whatever MPLBACKEND is; Keras does that too.

    It refuses a backend that is not installed, as that of a notebook often is outside of it. No picture of cnncli needs
    a backend, and the program has afterwards the one that it asked for, if there is such one.
    """
    imported, backend = "matplotlib" in sys.modules, os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend and not imported and "matplotlib" in sys.modules:
        with contextlib.suppress(ValueError):
            sys.modules["matplotlib"].rcParams["backend"] = backend


def has_onednn() -> bool:
    """Whether TensorFlow has oneDNN for processors of this kind, and `TF_ENABLE_ONEDNN_OPTS` switches it."""
    return platform.machine().lower() in ("x86_64", "amd64")


def result_variables() -> Mapping[str, str]:
    """The variables that are set and can change results, by name, without those that have the value cnncli sets."""
    present = {name: os.environ[name] for name in RESULT_VARIABLES if os.environ.get(name)}
    usual = {**_ours, **({ONEDNN: "1"} if has_onednn() else {})}
    return {name: value for name, value in present.items() if value != usual.get(name)}


def tell_result_variables(notice: Callable[[str], None] | None) -> None:
    """Gives a notice that names the variables which can change results, if any is set."""
    if notice and (names := list(result_variables())):
        are = "is" if len(names) == 1 else "are"
        notice(f"warning: {', '.join(names)} {are} set: the last digits of results may differ from those without")
