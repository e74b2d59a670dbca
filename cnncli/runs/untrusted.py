"""Reads what a stranger may have written: a run folder can come from anybody.

A file is read when it is a plain file of a reasonable size, and JSON when it is nothing but data. A run folder is
looked at when all that is in it lies in it: a link would let a stranger choose what is read, and written over, here.
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
"""Of one file that is read whole; the record of a million images has about twenty."""

MAX_ENTRIES = 10_000
"""Files and folders in a run, which has a few dozen."""


class Unreadable(Exception):
    """A file is not what it should be; says why."""


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The contents of a plain file; a link, a folder, a FIFO or a device is refused instead of followed or waited for.

    Raises:
        Unreadable: it is no such file, too large, or cannot be read.
    """
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"it is {_kind(found.st_mode)}, not a file")
        with path.open("rb") as stream:
            data = stream.read(limit + 1) if found.st_size <= limit else b""
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    except ValueError as error:  # a character that no path can have
        raise Unreadable(str(error)) from None
    if max(found.st_size, len(data)) > limit:
        raise Unreadable(f"it has more than {limit:,} bytes")
    return data


def read_json(path: Path, limit: int = MAX_BYTES) -> dict[str, Any]:
    """The mapping in a JSON file.

    Raises:
        Unreadable: the file cannot be read, or holds anything else.
    """
    try:
        text = read_bytes(path, limit).decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
        if "\\u" in text:  # the only way to half a character, which nobody could write down again
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text") from None
    except UnicodeEncodeError:
        raise Unreadable("it holds half a character, which is no text") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno} is no JSON: {error.msg}") from None
    except ValueError:
        raise Unreadable("it holds a number that is too large") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise Unreadable("it holds no mapping")
    return value


def _refuse_constant(word: str) -> NoReturn:
    raise Unreadable(f"it holds {word}, which is no JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


def _whole(digits: str) -> int:
    _finite(digits)  # whoever takes it for a fraction gets no overflow
    return int(digits)


def require_plain_folder(folder: Path) -> None:
    """Refuses a run folder with anything in it but files and folders of its own.

    Args:
        folder: of the run; it may itself be reached through a link.

    Raises:
        RunError: naming what does not belong there.
    """
    pending = [folder]
    entries = 0
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        pending.append(Path(entry.path))
                    elif not stat.S_ISREG(mode):
                        raise RunError(
                            f"'{entry.path}' is {_kind(mode)}; a run has only files of its own",
                            "a link could lead to any of your files: put the file itself in its place",
                        )
        except OSError as error:
            raise RunError(f"'{folder}' cannot be looked at: {error.strerror or error}") from None
        if entries > MAX_ENTRIES:
            raise RunError(f"'{folder}' has more than {MAX_ENTRIES:,} files in it: it is no run")


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"))
    return next((words for is_kind, words in kinds if is_kind(mode)), "a device or socket")
