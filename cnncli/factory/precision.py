"""The precision that this device computes fastest in: `float32` or a mixed one."""

from __future__ import annotations

import os

from cnncli.machine import processor_flags

BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Any of these processor flags of Linux means instructions for bfloat16."""

_FLAGS = {"mixed_bfloat16": BFLOAT16, "mixed_float16": frozenset({"avx512_fp16", "amx_fp16"})}

_CAPABILITIES = {"mixed_bfloat16": (8, 0), "mixed_float16": (7, 0)}
"""Compute capability from which NVIDIA GPUs have it: Ampere, Volta (CUDA C++ Programming Guide, section 16)."""


def has_gpu() -> bool:
    """Whether TensorFlow computes on a GPU."""
    from cnncli.startup import tf

    return bool(tf.config.list_physical_devices("GPU"))


def onednn_has_bfloat16() -> bool:
    """Whether oneDNN, which computes for TensorFlow on x86, has the processor's instructions for bfloat16."""
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "1" and "avx512_bf16" in (processor_flags() or ())


def is_fast(precision: str) -> bool | None:
    """Whether the device computes in a mixed precision natively; None if unknown."""
    from cnncli.startup import tf

    if gpus := tf.config.list_physical_devices("GPU"):
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        capabilities = [each.get("compute_capability") for each in details]  # of NVIDIA's only
        return None if None in capabilities else min(capabilities) >= _CAPABILITIES[precision]
    flags = processor_flags()
    if flags is None:
        return None
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0" and bool(flags & _FLAGS[precision])


def precision_here(precision: str) -> str:
    """`train.precision` on this device: `auto` becomes `mixed_bfloat16` where that is fast, else `float32`."""
    if precision != "auto":
        return precision
    return "mixed_bfloat16" if is_fast("mixed_bfloat16") else "float32"


def slowed_by(precision: str) -> str | None:
    """Why training would be faster in float32; None if it would not."""
    if precision not in _FLAGS or is_fast(precision) is not False:
        return None
    return f"{precision} is slow here: the device has no instructions for it; try '--set train.precision=auto'"
