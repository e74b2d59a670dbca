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

UPDATES, COLUMNS = "updates", "columns"

_CHOICES = {UPDATES: "once", COLUMNS: "pairs"}
"""What environment.json says of a training that computes in the new ways: a weight is updated by one operation, and
convolutions with few filters compute two columns at once."""

_taken: ContextVar[frozenset[str]] = ContextVar("taken", default=frozenset(_CHOICES))


def is_taken(name: str) -> bool:
    """Whether a training that starts now computes in one of these ways; those with a GPU do not."""
    return name in _taken.get() and not has_gpu()


def record_of_choices() -> dict[str, str]:
    """What environment.json says of a training that starts now."""
    return {name: value for name, value in _CHOICES.items() if is_taken(name)}


@contextlib.contextmanager
def choices_of(environment: Mapping[str, Any]) -> Iterator[None]:
    """Inside, trainings compute as the one whose environment.json this is."""
    token = _taken.set(frozenset(name for name, value in _CHOICES.items() if environment.get(name) == value))
    try:
        yield
    finally:
        _taken.reset(token)
