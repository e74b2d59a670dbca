"""Opening a file that may be anything."""

from __future__ import annotations

import io
import stat
from pathlib import Path

from cnncli.errors import DataError


def open_file(path: Path, name: str = "") -> io.BufferedReader:
    """Opens a file for reading; a folder, FIFO, socket or device is refused instead of waited for.

    Raises:
        DataError: There is no such file, or it cannot be opened; it is called `name`, or else by its path.
    """
    name = name or str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{name} is a folder, not an image")
        if not stat.S_ISREG(mode):  # opening a FIFO would block until somebody writes to it
            kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
            raise DataError(f"{name} is {kind}, not an image")
        return path.open("rb")
    except FileNotFoundError:
        problem = "is a link to a file that does not exist" if path.is_symlink() else "does not exist: no such file"
    except PermissionError:
        problem = "cannot be read: permission denied"
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        problem = f"cannot be opened: {getattr(error, 'strerror', None) or error}"
    raise DataError(f"{name} {problem}")
