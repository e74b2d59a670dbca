"""Messages worth a line, and progress, for whoever listens: a terminal, a program, nobody."""

from __future__ import annotations

import warnings
from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Receives how many images are done, and of how many."""

Notice = Callable[[str], None]
"""Receives a message worth a line, such as a warning."""


def ignore(text: str) -> None:
    """The notice of who wants none."""


def warn(text: str) -> None:
    """The notice of who calls cnncli from Python and sets no other."""
    warnings.warn(text.removeprefix("warning: "), stacklevel=4)
