"""Durations as a spec and the command line have them: `10m`, `90s`, `1h30m`, or a number of seconds."""

from __future__ import annotations

import re
from typing import Any

from cnncli.catalog.validators import Validator, is_number, validator

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_PARTS = (("d", "d|days?", 86_400), ("h", "h|hours?", 3600), ("m", "m|min|minutes?", 60), ("s", "s|sec|seconds?", 1))
_PATTERN = r"\s*".join(f"(?:({_NUMBER})\\s*(?:{units}))?" for _, units, _ in _PARTS)
_DURATION = re.compile(rf"(?=[0-9])\s*{_PATTERN}\s*\Z", re.IGNORECASE)


def seconds_of(value: Any) -> float | None:
    """The seconds of a duration above zero; None for anything else.

    Example:
        >>> seconds_of("1h30m"), seconds_of("90 s"), seconds_of(2.5), seconds_of("10"), seconds_of("soon")
        (5400.0, 90.0, 2.5, None, None)
    """
    if is_number(value):
        return float(value) if value > 0 else None
    match = _DURATION.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    seconds = sum(float(number) * size for number, (*_, size) in zip(match.groups(), _PARTS, strict=True) if number)
    return seconds if seconds > 0 else None


duration: Validator = validator(
    "a duration such as 10m, 90s or 1h30m, or a number of seconds",
    lambda value: seconds_of(value) is not None,
    {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": r"^[0-9].*[A-Za-z]$", "examples": ["10m", "90s", "1h30m"]},
        ]
    },
)
