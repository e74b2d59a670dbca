"""Reads files that a stranger may have written: a run folder can come from anybody.

A file must be a plain file of a reasonable size, and JSON must be nothing but data. A run folder must contain plain
files and folders only: a link would let a stranger choose which files are read, and overwritten, on this machine.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

from cnncli.errors import RunError

MAX_BYTES = 32 << 20
"""Limit for a file that is read whole, in bytes; the record of a million images has about 20 MiB."""

_LEAST = 1 << 16

MAX_ENTRIES = 10_000  # a run has a few dozen


class Unreadable(Exception):
    """A file cannot be read as what it should be; says why."""


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Contents of a plain file; links, folders, FIFOs and devices are refused, not followed or waited for.

    Raises:
        Unreadable: It is not a plain file, is too large, or cannot be read.
    """
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"it is {_kind(status.st_mode)}, not a file")
        with path.open("rb") as stream:
            expected = min(limit, max(status.st_size, _LEAST))  # as much memory is taken, whatever the file holds
            data = stream.read(expected + 1) if status.st_size <= limit else b""
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    except ValueError as error:  # a character that a path cannot have
        raise Unreadable(str(error)) from None
    if max(status.st_size, len(data)) > limit:
        raise Unreadable(f"it has more than {limit:,} bytes")
    return data


def read_json(path: Path, limit: int = MAX_BYTES) -> dict[str, Any]:
    """Mapping in a JSON file.

    Raises:
        Unreadable: The file cannot be read, or contains anything else.
    """
    try:
        text = read_bytes(path, limit).decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
        if "\\u" in text:  # the only way to half a surrogate pair, which cannot be written again
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text") from None
    except UnicodeEncodeError:
        raise Unreadable("it contains half a character, which is not text") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno} is not JSON: {error.msg}") from None
    except ValueError:
        raise Unreadable("it contains a number that is too large") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise Unreadable("it is not a mapping")
    return value


def _refuse_constant(word: str) -> NoReturn:
    raise Unreadable(f"it contains {word}, which is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


def _whole(digits: str) -> int:
    _finite(digits)  # converting it to a float later cannot overflow
    return int(digits)


def require_plain_folder(folder: Path) -> None:
    """Raises a `RunError` if a folder, which may itself be a link, contains anything but plain files and folders."""
    pending = [folder]
    entries = 0
    while pending:
        try:
            with os.scandir(pending.pop()) as scanned:
                for entry in scanned:
                    entries += 1
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        pending.append(Path(entry.path))
                    elif not stat.S_ISREG(mode):
                        raise RunError(
                            f"'{entry.path}' is {_kind(mode)}; a run may contain plain files and folders only",
                            "a link could point to any of your files: replace it with the file itself",
                        )
        except OSError as error:
            raise RunError(f"'{folder}' cannot be read: {error.strerror or error}") from None
        if entries > MAX_ENTRIES:
            raise RunError(f"'{folder}' has more than {MAX_ENTRIES:,} files: it is not a run")


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"))
    return next((words for is_kind, words in kinds if is_kind(mode)), "a device or socket")
