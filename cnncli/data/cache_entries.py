"""The cache on disk: arrays of decoded images, and of what frozen layers make of images, one `.npy` file for each.

An entry is named after a hash of everything that its numbers depend on. It appears under its name only when it is
complete, and may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from cnncli.data.inventory.own_files import CACHE_TAG, CACHE_TAG_CONTENT
from cnncli.errors import ResourceError
from cnncli.machine import create_folder, expanded
from cnncli.wording import size_text

LIMIT = 20_000_000_000
"""Size of the cache in bytes, above which the least recently used entries are removed."""

KINDS = ("images", "features")
"""Folders of the cache with entries."""

_ABANDONED = 24 * 3600  # seconds after which no process will finish an unfinished entry


def decoded_cache_dir() -> Path:
    """The folder of the cache: `$CNNCLI_CACHE_DIR`, `$XDG_CACHE_HOME/cnncli` or `~/.cache/cnncli`."""
    if own := os.environ.get("CNNCLI_CACHE_DIR"):
        return expanded(own)
    shared = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (shared if shared.is_absolute() else expanded("~/.cache")) / "cnncli"


def opened_entry(entry: Path, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray | None:
    """The array of an entry, mapped from its file; None when there is none, or it is incomplete."""
    if entry.is_symlink() or not entry.is_file():  # not made by this module
        return None
    try:
        array = np.load(entry, mmap_mode="r", allow_pickle=False)
        if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
            return None
        with contextlib.suppress(OSError):  # a cache may be shared read-only
            os.utime(entry)  # as used just now
    except (OSError, ValueError, EOFError):  # ValueError: cut off
        return None
    return np.asarray(array)


def make_entry(
    entry: Path, shape: tuple[int, ...], dtype: DTypeLike, chunks: Iterable[np.ndarray], contents: str
) -> None:
    """Writes an entry.

    Args:
        entry: Its file, in a folder of the cache.
        shape: Shape of the array.
        dtype: Its numbers.
        chunks: The array in parts, which are computed as they are written.
        contents: What it holds, for people: `images`.

    Raises:
        ResourceError: The cache folder is full or cannot be written to.
    """
    part, size = None, math.prod(shape) * np.dtype(dtype).itemsize
    try:
        create_folder(entry.parent, mode=0o700)
        (entry.parent.parent / CACHE_TAG).write_text(CACHE_TAG_CONTENT)  # for backups, and for folders of images
        missing = size - shutil.disk_usage(entry.parent).free
        if missing <= reclaimable():
            _remove_oldest(missing)
        if shutil.disk_usage(entry.parent).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        # In the same folder, so that the rename is atomic; readable for the user only
        handle, part = tempfile.mkstemp(dir=entry.parent, prefix=f".{entry.stem}.", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for chunk in chunks:
                stream.write(chunk.data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(part).replace(entry)
    except OSError as error:
        raise ResourceError(
            f"{size_text(size)} of {contents} cannot be written to {entry.parent}: {error.strerror}",
            "set CNNCLI_CACHE_DIR to a folder of yours with enough space",
        ) from error
    finally:
        if part:
            Path(part).unlink(missing_ok=True)


def reclaimable() -> int:
    """Bytes of all entries, which are removed when there is no room for another."""
    return sum(size for _, size, _ in _entries())


def _remove_oldest(excess: int, current: Path | None = None) -> None:
    """Removes the least recently used entries until so many bytes are gone; another process may do the same."""
    for _, size, entry in _entries():
        if excess > 0 and entry != current:
            with contextlib.suppress(OSError):
                entry.unlink()
                excess -= size


def _entries() -> list[tuple[int, int, Path]]:
    """Last use, size and file of each entry, the least recently used first."""
    with contextlib.suppress(OSError):  # another process may be removing entries
        files = [file for kind in KINDS for file in (decoded_cache_dir() / kind).glob("*.npy")]
        return sorted((file.stat().st_mtime_ns, file.stat().st_size, file) for file in files)
    return []


def tidy(current: Path, limit: int = LIMIT) -> None:
    """Removes the least recently used entries above the limit, but not the current one, and abandoned files."""
    with contextlib.suppress(OSError):  # another process may be removing entries
        for part in current.parent.glob(".*.part"):
            if part.stat().st_mtime < time.time() - _ABANDONED:
                part.unlink(missing_ok=True)
    _remove_oldest(reclaimable() - limit, current)
