"""What the device computes fast, and the precision that is therefore the best one here."""

from __future__ import annotations

import os

from cnncli.machine import processor_flags

BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Any of these words of Linux says that a processor computes in bfloat16."""

_WORDS = {"mixed_bfloat16": BFLOAT16, "mixed_float16": frozenset({"avx512_fp16", "amx_fp16"})}
_CAPABILITIES = {"mixed_bfloat16": (8, 0), "mixed_float16": (7, 0)}  # of NVIDIA: Ampere, Volta


def has_gpu() -> bool:
    """Whether a GPU trains here, and not the processor."""
    from cnncli.startup import tf

    return bool(tf.config.list_physical_devices("GPU"))


def onednn_has_bfloat16() -> bool:
    """Whether oneDNN, which computes for TensorFlow on x86, has the processor's instructions for bfloat16."""
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1" and "avx512_bf16" in (processor_flags() or ())


def is_fast(precision: str) -> bool | None:
    """Whether what trains here computes in a mixed precision instead of imitating it; None where nothing tells."""
    from cnncli.startup import tf

    if gpus := tf.config.list_physical_devices("GPU"):
        found = [tf.config.experimental.get_device_details(gpu).get("compute_capability") for gpu in gpus]
        return None if None in found else min(found) >= _CAPABILITIES[precision]  # others than NVIDIA's do not tell
    flags = processor_flags()
    if flags is None:
        return None
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0" and bool(flags & _WORDS[precision])


def precision_here(precision: str) -> str:
    """`train.precision` as this device has it: `auto` is `mixed_bfloat16` where that is fast, else `float32`."""
    if precision != "auto":
        return precision
    return "mixed_bfloat16" if is_fast("mixed_bfloat16") else "float32"


def slowed_by(precision: str) -> str | None:
    """Why a training would be faster in float32, or None when nothing speaks against `train.precision`."""
    if precision not in _WORDS or is_fast(precision) is not False:
        return None
    return f"{precision} is slow here, for nothing computes in it: try '--set train.precision=auto'"
