"""Arguments that are several values."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

Value = TypeVar("Value")


def several(values: Iterable[Value], argument: str) -> list[Value]:
    """The values of an argument; a text or a path alone, which Python would take letter by letter, is refused.

    Raises:
        TypeError: It is one value.
    """
    if isinstance(values, str | os.PathLike):
        one = repr(os.fspath(values))
        raise TypeError(f"{argument} takes a list, such as [{one}]; got {one}")
    return list(values)
