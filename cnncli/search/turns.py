"""Turns: one process at a time decides what is tried next, and the system ends the turn of a process that dies."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from cnncli.runs.lock import Lock

_WAIT = 0.02  # seconds between two attempts to get a lock


class Turn(Protocol):
    """Inside a `with`, no other process of the search decides anything."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FileTurn:
    """A turn by a lock on a file; may be nested.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._depth = path, 0
        self._lock: Lock | None = None

    def __enter__(self) -> Self:
        while not self._depth:
            if not self._path.parent.is_dir():  # not to be made anew: its disk may be away
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path.parent))
            with contextlib.suppress(BlockingIOError):
                self._lock = Lock(self._path)
                break
            time.sleep(_WAIT)
        self._depth += 1
        return self

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
    """

    def __init__(self, engine: Any, number: int) -> None:
        self._engine, self._number = engine, number
        self._connection: Any = None

    def __enter__(self) -> Self:
        from sqlalchemy import text

        self._connection = self._engine.connect()
        try:
            self._connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": self._number})
            self._connection.commit()
        except BaseException:
            self._connection.invalidate()
            self._connection.close()
            raise
        return self

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
