"""Whether a model fits in memory, by arithmetic: before Keras fills the memory to find out."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnncli.errors import ResourceError, path_text
from cnncli.machine import available_memory
from cnncli.spec.shapes import Step
from cnncli.wording import size_text

_BYTES = 4
"""Of one number; weights are float32 whatever the layers compute in."""


def require_model_fits(steps: Sequence[Step]) -> None:
    """Refuses a model whose weights alone, or one of whose layers for a single image, is larger than the memory.

    What is refused would never have worked; what passes may still be too large for its batches.

    Args:
        steps: The layers with their shapes.

    Raises:
        ResourceError: naming the largest layer.
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
        raise _too_large(steps[largest], f"makes {values[largest]:,} numbers of one image", values[largest], available)


def _too_large(step: Step, what: str, numbers: int, available: int) -> ResourceError:
    layer = f"{path_text(step.node.path)} ({step.node.entry.name})"
    needed, there = map(size_text, (numbers * _BYTES, available))
    return ResourceError(
        f"{layer} {what}: that takes {needed} of memory, and {there} are free",
        "a smaller data.image.size, pooling or strides above it, or fewer units or filters take less",
    )
