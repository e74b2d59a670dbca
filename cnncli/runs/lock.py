"""A run is written by one process at a time. The system releases the lock when a process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cnncli.errors import ResourceError, RunError
from cnncli.runs.files import sweep_leftovers

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


_MOMENT = 0.2
"""Seconds in which a lock is tried again, since whoever asks `may_be_held` holds it for a moment."""


class Lock:
    """An exclusive lock on a file, held until it is released or the process ends; creates a missing file.

    Raises:
        BlockingIOError: Another process holds it.
        OSError: The file cannot be created, or the file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A run may come from anybody: a link in place of the file is not followed
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            if isinstance(error, PermissionError):  # of Windows
                raise BlockingIOError(str(path)) from error
            raise

    def fileno(self) -> int:
        """The descriptor of the file; a process that inherits it holds the lock as well, until it ends."""
        return self._descriptor

    def release(self) -> None:
        """Releases the lock; the file stays, because a removed one could be locked twice."""
        os.close(self._descriptor)


def may_be_held(path: Path) -> bool:
    """Whether a process holds the lock on a file, or that is unknown."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        Lock(path).release()
    except OSError:
        return True
    return False


def _lock_of(path: Path) -> Lock:
    until = time.monotonic() + _MOMENT
    while True:
        try:
            return Lock(path)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(_MOMENT / 20)


@contextlib.contextmanager
def locked_folder(folder: Path, lock: str, holder: Callable[[], str] = lambda: "another process") -> Iterator[None]:
    """Inside, no other process writes a folder; temporary files of a killed one are removed first.

    Args:
        folder: The folder; a missing one is made.
        lock: Name of the file in it that is locked.
        holder: Says who writes it, where somebody else does.

    Raises:
        RunError: Another process writes it.
        ResourceError: It cannot be written to.
    """
    try:
        held = _lock_of(folder / lock)
    except BlockingIOError:
        raise RunError(f"'{folder}' is being written by {holder()}", "wait until it ends") from None
    except OSError as error:
        raise ResourceError(f"cannot write to '{folder}': {error.strerror or error}") from error
    try:
        sweep_leftovers(folder)
        yield
    finally:
        held.release()
