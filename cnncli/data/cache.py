"""Decoded images on disk: each set of files is decoded once, and mapped from one file after that.

An entry is one `.npy` file, named after a hash of everything its pixels depend on: the input format, and of each file
its path, size, times and inode. It appears under its name only when it is complete, and may be deleted at any time.

`rsync -t`, `cp -p`, `tar` and `unzip` give a copy the size and modification time of another file, but nothing can give
it the time at which its inode changed. The inode itself tells apart folders that changed places, whose files keep all
of their times. The device is left out: network file systems get another number at each mount.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
import shutil
import tempfile
import time
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnncli.data.files import open_file
from cnncli.data.inventory.own_files import CACHE_TAG, CACHE_TAG_CONTENT
from cnncli.data.samples import FileSamples, Samples
from cnncli.data.threads import in_threads
from cnncli.errors import DataError, ResourceError
from cnncli.machine import create_folder, expanded
from cnncli.notices import Progress
from cnncli.wording import size_text

LIMIT = 20_000_000_000
"""Size of the cache in bytes, above which the least recently used entries are removed."""

_FORMAT = "cnncli images 2"  # changes whenever the same file would be read as other pixels
_CHUNK_BYTES = 32_000_000  # decoded at a time: the memory that filling an entry costs
_ATTEMPTS = 10  # another process may have removed the entry to make room
_ABANDONED = 24 * 3600  # seconds after which no process will finish an unfinished entry
_TICK, _COARSE_TICK = 20_000_000, 2_000_000_000  # ns; Linux stamps files every 1 to 10 ms, FAT every 2 seconds


def decoded_cache_dir() -> Path:
    """The folder of decoded images: `$CNNCLI_CACHE_DIR`, `$XDG_CACHE_HOME/cnncli` or `~/.cache/cnncli`."""
    if own := os.environ.get("CNNCLI_CACHE_DIR"):
        return expanded(own)
    shared = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (shared if shared.is_absolute() else expanded("~/.cache")) / "cnncli"


def cached(samples: FileSamples, progress: Progress | None = None, limit: int = LIMIT) -> Samples:
    """Decodes images into the cache, unless they are there, and maps them from it. Several processes may do so at once.

    Progress is the number of decoded images, and of all. The new entry stays even if it is larger than the limit.

    Raises:
        DataError: An image cannot be read, or changed while it was read.
        ResourceError: The cache folder is full or cannot be written to.
    """
    if not len(samples):  # an empty array cannot be mapped
        return Samples(samples.read(np.arange(0)), samples.labels, samples.names)
    state = _state(samples)
    folder = decoded_cache_dir() / "images"
    entry = folder / f"{state.key}.npy"
    for _ in range(_ATTEMPTS):
        images = _opened(entry, samples)
        if images is not None:
            return Samples(images, samples.labels, samples.names)
        _make(entry, samples, progress)
        if _state(samples).content != state.content:
            entry.unlink(missing_ok=True)
            raise DataError("images changed while they were read", "start again when no program writes to them")
        _tidy(folder, entry, limit)
    raise ResourceError(
        f"{entry} is removed or damaged as soon as it is written",
        "set CNNCLI_CACHE_DIR to a folder that nobody empties",
    )


def cached_before(samples: FileSamples) -> Samples | None:
    """The images mapped from the cache; None when they are not in it. Nothing is decoded."""
    images = _opened(decoded_cache_dir() / "images" / f"{_state(samples).key}.npy", samples) if len(samples) else None
    return None if images is None else Samples(images, samples.labels, samples.names)


class _State(NamedTuple):
    """What files are at one moment, as hashes; not their labels, so renaming classes keeps the entry.

    The key is that of all that pixels depend on, `content` without inodes, which network file systems may change.
    """

    key: str
    content: bytes


def _state(samples: FileSamples) -> _State:
    """The present state of the files, read once the clock has moved on since the last of them changed.

    A file that is written to twice within a tick of the clock has the same times before and after.
    """
    state, newest = _state_now(samples)
    age, tick = time.time_ns() - newest, _TICK if newest % 10**9 else _COARSE_TICK
    if 0 <= age < tick:
        time.sleep((tick - age) / 1e9)
        state, _ = _state_now(samples)
    return state


def _state_now(samples: FileSamples) -> tuple[_State, int]:
    """The state of the files, and when the last of them changed, in nanoseconds since 1970."""

    def states(numbers: range) -> tuple[bytes, bytes, int]:
        files, inodes, newest = [], [], 0
        for number in numbers:
            path = samples.path(number)
            try:
                state = path.stat()
            except (OSError, ValueError):
                open_file(path).close()  # says what is wrong with it
                raise
            name = os.path.abspath(path)  # noqa: PTH100
            files.append(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}\0")
            inodes.append(f"{state.st_ino}\0")
            newest = max(newest, state.st_ctime_ns)
        return os.fsencode("".join(files)), "".join(inodes).encode(), newest

    content = hashlib.blake2b(f"{_FORMAT}\0{astuple(samples.input_format)}\0".encode(), digest_size=20)
    key, newest = hashlib.blake2b(digest_size=20), 0
    for files, inodes, changed in in_threads(states, len(samples)):
        content.update(files)
        key.update(inodes)
        newest = max(newest, changed)
    key.update(content.digest())
    return _State(key.hexdigest(), content.digest()), newest


def _opened(entry: Path, samples: FileSamples) -> np.ndarray | None:
    """The images of an entry; None when there is none, or it is incomplete."""
    shape = (len(samples), *samples.shape)
    if entry.is_symlink() or not entry.is_file():  # not made by this module
        return None
    try:
        images = np.load(entry, mmap_mode="r", allow_pickle=False)
        if images.shape != shape or images.dtype != np.uint8 or not images.flags.c_contiguous:
            return None
        with contextlib.suppress(OSError):  # a cache may be shared read-only
            os.utime(entry)  # as used just now
    except (OSError, ValueError, EOFError):  # ValueError: cut off
        return None
    return np.asarray(images)


def _make(entry: Path, samples: FileSamples, progress: Progress | None) -> None:
    total, size = len(samples), math.prod(samples.shape)
    per_chunk = max(1, _CHUNK_BYTES // size)
    part = None
    try:
        create_folder(entry.parent, mode=0o700)
        (entry.parent.parent / CACHE_TAG).write_text(CACHE_TAG_CONTENT)  # for backups, and for folders of images
        missing = total * size - shutil.disk_usage(entry.parent).free
        if missing <= reclaimable():
            _remove_oldest(entry.parent, missing)
        if shutil.disk_usage(entry.parent).free < total * size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        # In the same folder, so that the rename is atomic; readable for the user only
        handle, part = tempfile.mkstemp(dir=entry.parent, prefix=f".{entry.stem}.", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            header = {"descr": "|u1", "fortran_order": False, "shape": (total, *samples.shape)}
            np.lib.format.write_array_header_1_0(stream, header)
            for start in range(0, total, per_chunk):
                end = min(start + per_chunk, total)
                stream.write(samples.read(np.arange(start, end)).data)
                if progress:
                    progress(end, total)
            stream.flush()
            os.fsync(stream.fileno())
        Path(part).replace(entry)
    except OSError as error:
        raise ResourceError(
            f"{size_text(total * size)} of images cannot be written to {entry.parent}: {error.strerror}",
            "set CNNCLI_CACHE_DIR to a folder of yours with enough space",
        ) from error
    finally:
        if part:
            Path(part).unlink(missing_ok=True)


def reclaimable() -> int:
    """Bytes of all entries, which are removed when there is no room for another."""
    return sum(size for _, size, _ in _entries(decoded_cache_dir() / "images"))


def _remove_oldest(folder: Path, excess: int, current: Path | None = None) -> None:
    """Removes the least recently used entries until so many bytes are gone; another process may do the same."""
    for _, size, entry in _entries(folder):
        if excess > 0 and entry != current:
            with contextlib.suppress(OSError):
                entry.unlink()
                excess -= size


def _entries(folder: Path) -> list[tuple[int, int, Path]]:
    """Last use, size and file of each entry, the least recently used first."""
    with contextlib.suppress(OSError):  # another process may be removing entries
        return sorted((entry.stat().st_mtime_ns, entry.stat().st_size, entry) for entry in folder.glob("*.npy"))
    return []


def _tidy(folder: Path, current: Path, limit: int) -> None:
    """Removes the least recently used entries above the limit, and abandoned files."""
    with contextlib.suppress(OSError):  # another process may be removing entries
        for part in folder.glob(".*.part"):
            if part.stat().st_mtime < time.time() - _ABANDONED:
                part.unlink(missing_ok=True)
    _remove_oldest(folder, reclaimable() - limit, current)
