"""Messages worth a line, and progress, for whoever listens: a terminal, a program, nobody."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Receives how many images are done, and of how many."""

Notice = Callable[[str], None]
"""Receives a message worth a line, such as a warning."""


def ignore(text: str) -> None:
    """The notice of who wants none."""


def warn(text: str) -> None:
    """The notice of who calls cnncli from Python and sets no other: a warning of the line that calls cnncli."""
    level, outermost, frame = 1, 1, sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        level += 1
        if frame.f_globals.get("__name__", "").partition(".")[0] == "cnncli":
            outermost = level
    warnings.warn(text.removeprefix("warning: "), stacklevel=outermost + 1)
