"""How a training computes where there is more than one way: what a run records, and what it goes on with.

New ways change the last digits of results. So environment.json has a line for each, and a run without it, of an earlier
version, goes on as it began.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from cnncli.factory.precision import has_gpu
from cnncli.machine import processor_flags, usable_cores

UPDATES, SMALL_UPDATES, COLUMNS, BATCHES = "updates", "small_updates", "columns", "batches"
CONVOLUTIONS = "convolutions"

_CHOICES = {UPDATES: "once", SMALL_UPDATES: "once", COLUMNS: "pairs", BATCHES: "halves", CONVOLUTIONS: "tiles"}
"""What environment.json says of a training that computes in the new ways: a weight is updated by one operation, a small
one by Adam, too, convolutions with few filters compute two columns at once, two cores take half of a batch each, and
convolutions with many channels are computed in tiles."""

_recorded: ContextVar[frozenset[str] | None] = ContextVar("recorded", default=None)


def is_taken(name: str) -> bool:
    """Whether a training that starts now computes in one of these ways; those with a GPU do not."""
    recorded = _recorded.get()
    return not has_gpu() and (_gains(name) if recorded is None else name in recorded)


def _gains(name: str) -> bool:
    """Whether a new training takes this way, by what the processor has."""
    if name == COLUMNS:
        return "avx512f" in (processor_flags() or ())  # eight numbers fill a register of AVX2
    return name != BATCHES or usable_cores() > 1


def record_of_choices() -> dict[str, str]:
    """What environment.json says of a training that starts now."""
    return {name: value for name, value in _CHOICES.items() if is_taken(name)}


@contextlib.contextmanager
def choices_of(environment: Mapping[str, Any]) -> Iterator[None]:
    """Inside, trainings compute as the one whose environment.json this is."""
    token = _recorded.set(frozenset(name for name, value in _CHOICES.items() if environment.get(name) == value))
    try:
        yield
    finally:
        _recorded.reset(token)
