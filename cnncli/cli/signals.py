"""SIGTERM, heard the way Ctrl-C is, so that a stopped training is always left readable."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived."""

    exit_code = 143


def _raise(number: int, frame: Any) -> None:
    raise Terminated


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Inside, SIGTERM raises `Terminated`, which is a KeyboardInterrupt."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
