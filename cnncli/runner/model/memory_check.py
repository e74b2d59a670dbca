"""Whether a model fits into memory, by arithmetic: before Keras allocates it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnncli.errors import ResourceError, path_text
from cnncli.machine import available_memory
from cnncli.spec.shapes.network_shapes import Step
from cnncli.wording import size_text

_BYTES = 4
"""Bytes of one number; weights are float32 whatever the layers compute in."""


def require_model_fits(steps: Sequence[Step]) -> None:
    """Refuses a model whose weights alone, or one of whose layers for a single image, do not fit into memory.

    A model that passes may still be too large for its batches.

    Raises:
        ResourceError: It does not fit; the message names the largest layer.
    """
    available = available_memory()
    if available is None or not steps:
        return
    weights = [step.parameters or 0 for step in steps]
    if sum(weights) * _BYTES > available:
        largest = weights.index(max(weights))
        raise _too_large(steps[largest], f"has {weights[largest]:,} parameters", sum(weights), available)
    values = [prod(step.output_shape or (0,)) for step in steps]
    if max(values) * _BYTES > available:
        largest = values.index(max(values))
        raise _too_large(
            steps[largest], f"outputs {values[largest]:,} numbers for one image", values[largest], available
        )


def _too_large(step: Step, what: str, numbers: int, available: int) -> ResourceError:
    layer = f"{path_text(step.node.path)} ({step.node.entry.name})"
    needed, free = map(size_text, (numbers * _BYTES, available))
    return ResourceError(
        f"{layer} {what}: they need {needed} of memory, and {free} is free",
        "lower data.image.size, add pooling or strides before it, or use fewer units or filters",
    )
