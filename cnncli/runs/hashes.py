"""`weights.sha256`: hashes of the weights of a run, by which a damaged or replaced file is noticed.

The format is that of `sha256sum`, which can check a finished run: `sha256sum -c weights.sha256`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path

from cnncli.errors import RunError
from cnncli.runs.untrusted import Unreadable, read_bytes

FILE = "weights.sha256"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](weights/[A-Za-z0-9][A-Za-z0-9._-]*)")
_MOST = 1 << 20  # bytes; a run has a handful of weights
MAX_WEIGHTS = 1 << 35  # bytes of one file, or 8.6 billion weights; a sparse file can seem far larger than it is


def sha256_of(path: Path) -> str:
    """Hash of a file's content, in hexadecimal.

    Raises:
        RunError: It cannot be read, or is far too large.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_WEIGHTS:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"'{path}' cannot be read: {error.strerror or error}") from None


def read_hashes(path: Path) -> list[tuple[str, str]]:
    """Hash and file name of each line; none if there is no such file.

    Raises:
        RunError: It cannot be read, or has another format.
    """
    if not os.path.lexists(path):
        return []
    try:
        lines = read_bytes(path, _MOST).decode("utf-8", "replace").splitlines()
    except Unreadable as reason:
        raise RunError(f"'{path}' cannot be read: {reason}") from None
    matches = [_LINE.fullmatch(line) for line in lines]
    if not all(matches):
        raise RunError(f"'{path}' is damaged: it is not a list of hashes")
    return [(match[1], match[2]) for match in matches if match]


def text_of(hashes: list[tuple[str, str]]) -> str:
    """The lines of the file."""
    return "".join(f"{value}  {name}\n" for value, name in hashes)
