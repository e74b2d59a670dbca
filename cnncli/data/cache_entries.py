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

from cnncli.data.cache_room import ARRAYS, LIMIT, create_cache_folder, entries, make_room, trim
from cnncli.errors import ResourceError
from cnncli.wording import size_text

_HEADER = 128  # bytes before the numbers
_KEEPING = "keeping {:,} {}"
_ABANDONED = 24 * 3600  # seconds after which no process will finish an unfinished entry


def opened_entry(entry: Path, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray | None:
    """The array of an entry, mapped from its file; None when there is none, or it is incomplete."""
    if entry.is_symlink() or not entry.is_file():  # not made by this module
        return None
    try:
        # As if written to, which nobody does: TensorFlow takes no other arrays without copying them
        array = np.asarray(np.load(entry, mmap_mode="c", allow_pickle=False))
        array.flags.writeable = False
        if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
            return None
        with contextlib.suppress(OSError):  # a cache may be shared read-only
            os.utime(entry)  # as used just now
    except (OSError, ValueError, EOFError):  # ValueError: cut off
        return None
    return array


def entry_within(
    entry: Path, shape: tuple[int, ...], dtype: DTypeLike, contents: str, bound: int | None
) -> np.ndarray | None:
    """The array of an entry, if there is one; it stays in the cache only within the bound, which may be a new one.

    Raises:
        ResourceError: The entry alone is larger; it is removed.
    """
    array = opened_entry(entry, shape, dtype)
    if array is not None and bound is not None:
        try:
            make_room(array.nbytes + _HEADER, bound, _KEEPING.format(shape[0], contents), own=entry)
        except ResourceError:
            entry.unlink(missing_ok=True)
            raise
    return array


def make_entry(
    entry: Path,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    chunks: Iterable[np.ndarray],
    contents: str,
    bound: int | None = None,
) -> None:
    """Writes an entry.

    Args:
        entry: Its file, in a folder of the cache.
        shape: Shape of the array.
        dtype: Its numbers.
        chunks: The array in parts, which are computed as they are written.
        contents: What it holds, for people: `images`.
        bound: Bytes that the cache may hold with it, if there is such a limit.

    Raises:
        ResourceError: The cache folder is full or cannot be written to, or the bound is too small.
    """
    part, size = None, math.prod(shape) * np.dtype(dtype).itemsize
    if bound is not None:
        make_room(size + _HEADER, bound, _KEEPING.format(shape[0], contents))
    try:
        create_cache_folder(entry.parent, mode=0o700)
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
    return sum(entry.size for entry in entries(*ARRAYS))


def _remove_oldest(excess: int) -> None:
    """Removes the least recently used entries until so many bytes are gone; another process may do the same."""
    for entry in entries(*ARRAYS):
        if excess > 0:
            with contextlib.suppress(OSError):
                entry.path.unlink()
                excess -= entry.size


def tidy(current: Path, limit: int = LIMIT) -> None:
    """Removes the least recently used entries above the limit, but not the current one, and abandoned files."""
    with contextlib.suppress(OSError):  # another process may be removing entries
        for part in current.parent.glob(".*.part"):
            if part.stat().st_mtime < time.time() - _ABANDONED:
                part.unlink(missing_ok=True)
    trim(limit, [current])
