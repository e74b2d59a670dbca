"""Ctrl-C and SIGTERM, heard in the same way, so that a stopped training is always left readable."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any


class Stopped(KeyboardInterrupt):
    """A signal asked for an end.

    Args:
        number: of the signal; the exit code is 128 more.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


_heard: list[int] = []


def _hear(number: int, frame: Any) -> None:
    # Python throws away what is raised inside the callback of a weak reference, so it is also remembered.
    _heard.append(number)
    raise Stopped(number)


def stop_if_asked() -> None:
    """Raises `Stopped` when a signal came and what it raised was lost."""
    if _heard:
        raise Stopped(_heard[0])


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM raise `Stopped`, which is a KeyboardInterrupt."""
    _heard.clear()
    before = {number: signal.signal(number, _hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
