"""Opening a file that may be anything."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cnncli.errors import DataError

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # Windows would translate the ends of lines

SMALL = 32_000
"""Bytes up to which it costs less to read a file at once than its header in pieces."""

_WHOLE = 32_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file inside of another one, such as an image in a tar shard.

    Args:
        name: What messages call it.
        read: Gives its bytes.
    """

    name: str
    read: Callable[[], bytes]

    def __str__(self) -> str:
        return self.name


def open_file(path: Path | Part, name: str = "") -> BinaryIO:
    """Opens a file for reading; a folder, FIFO, socket or device is refused instead of waited for.

    Raises:
        DataError: There is no such file, or it cannot be opened; it is called `name`, or else by its path.
    """
    if isinstance(path, Part):
        return io.BytesIO(path.read())
    return io.BufferedReader(io.FileIO(_opened(path, name or str(path))[0]))


def contents_of(path: Path | Part, name: str = "", most: int = _WHOLE) -> BinaryIO:
    """A file that will be read to its end: in memory unless it has more than `most` bytes. Otherwise like `open_file`.

    A call to the system lets go of Python's lock and waits until it has it again, which threads that decode small
    files feel: there are four of them, however large the file is.
    """
    if isinstance(path, Part):
        return io.BytesIO(path.read())
    name = name or str(path)
    file, size = _opened(path, name)
    if size > most:
        return io.BufferedReader(io.FileIO(file))
    try:
        data = os.read(file, size)
        if len(data) != size:  # it became shorter, or the system gave less
            data += b"".join(iter(lambda: os.read(file, _WHOLE), b""))
        return io.BytesIO(data)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from error
    finally:
        os.close(file)


def _opened(path: Path, name: str) -> tuple[int, int]:
    """The descriptor of the open file, and its size in bytes."""
    try:
        state = os.stat(path)  # noqa: PTH116
        if stat.S_ISDIR(state.st_mode):
            raise DataError(f"{name} is a folder, not an image")
        if not stat.S_ISREG(state.st_mode):  # opening a FIFO would block until somebody writes to it
            mode = state.st_mode
            kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
            raise DataError(f"{name} is {kind}, not an image")
        return os.open(path, _READ), state.st_size
    except FileNotFoundError:
        missing = "matches no file" if "*" in path.name else "does not exist: no such file"
        problem = "is a link to a file that does not exist" if path.is_symlink() else missing
    except PermissionError:
        problem = "cannot be read: permission denied"
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        problem = f"cannot be opened: {getattr(error, 'strerror', None) or error}"
    raise DataError(f"{name} {problem}")
