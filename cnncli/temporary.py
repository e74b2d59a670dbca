"""Temporary folders, which are gone however the process ends."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakSet

_folders: WeakSet[tempfile.TemporaryDirectory[str]] = WeakSet()


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Inside, there is a temporary folder."""
    folder = tempfile.TemporaryDirectory(prefix="cnncli-")
    _folders.add(folder)
    with folder as path:
        yield Path(path)


def remove_temporary_folders() -> None:
    """Removes those that still exist, also from another thread: for a process that is about to end at once."""
    for folder in list(_folders):
        with contextlib.suppress(OSError):
            folder.cleanup()
