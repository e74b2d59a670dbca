"""Turns: one process at a time decides what is tried next, and the system ends the turn of a process that dies."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from cnncli.notices import Notice
from cnncli.runs.lock import Lock

_PAUSE, _LONGEST_PAUSE = 0.02, 0.5  # seconds between two attempts to get a lock, at first and at most

PATIENCE = 10.0
"""Seconds after which a process says that it waits for its turn."""


class Turn(Protocol):
    """Inside a `with`, no other process of the search decides anything."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def _until(attempt: Callable[[], bool], notice: Notice) -> None:
    """Tries again and again, and says once that it takes long."""
    since, pause, is_told = time.monotonic(), _PAUSE, False
    while not attempt():
        if not is_told and time.monotonic() - since > PATIENCE:
            is_told = True
            notice(
                "waiting for another process of the search, which decides what it does next; one that was stopped, as "
                "by Ctrl-Z, keeps all others waiting"
            )
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


class FileTurn:
    """A turn by a lock on a file; may be nested.

    Args:
        path: The file.
        notice: Receives a line when it takes long until this process has its turn.
    """

    def __init__(self, path: Path, notice: Notice) -> None:
        self._path, self._notice, self._depth = path, notice, 0
        self._lock: Lock | None = None

    def __enter__(self) -> Self:
        if not self._depth:
            _until(self._try, self._notice)
        self._depth += 1
        return self

    def _try(self) -> bool:
        if not self._path.parent.is_dir():  # not to be made anew: its disk may be away
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path.parent))
        with contextlib.suppress(BlockingIOError):
            self._lock = Lock(self._path)
            return True
        return False

    def __exit__(self, *error: object) -> None:
        self._depth -= 1
        if not self._depth and self._lock is not None:
            self._lock.release()
            self._lock = None


class DatabaseTurn:
    """A turn by an advisory lock of PostgreSQL, which lasts as long as the connection.

    Args:
        engine: SQLAlchemy's engine of the database.
        number: What is locked, a whole number of 63 bits.
        notice: Receives a line when it takes long until this process has its turn.
    """

    def __init__(self, engine: Any, number: int, notice: Notice) -> None:
        self._engine, self._number, self._notice = engine, number, notice
        self._connection: Any = None

    def __enter__(self) -> Self:
        self._connection = self._engine.connect()
        try:
            _until(self._try, self._notice)
        except BaseException:
            self._connection.invalidate()
            self._connection.close()
            raise
        return self

    def _try(self) -> bool:
        """Without waiting in the database, where Ctrl-C would not be heard."""
        from sqlalchemy import text

        query = text("SELECT pg_try_advisory_lock(:number)")
        is_ours = bool(self._connection.execute(query, {"number": self._number}).scalar())
        self._connection.commit()
        return is_ours

    def __exit__(self, *error: object) -> None:
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": self._number})
            self._connection.commit()
        except SQLAlchemyError:  # the connection is lost, and the lock with it
            self._connection.invalidate()
        finally:
            self._connection.close()
