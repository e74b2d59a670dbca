"""How long a drafted training may take: as usual, shorter, longer, or a given time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """How long a training may take.

    Args:
        factor: Epochs, in relation to the usual number.
        max_time: The time to fit the training to, as a spec has it; then `factor` has no effect.
        epochs: Epochs that are expected to fit into that time.
        largest_side: Longer side of large images at most, in pixels; None for the usual one.
    """

    factor: float = 1.0
    max_time: str | float | None = None
    epochs: int = 1
    largest_side: int | None = None


QUICK, USUAL, BEST = Budget(1 / 3), Budget(), Budget(3.0)
