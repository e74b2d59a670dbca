"""Decoded images on disk: each set of files is decoded once, and mapped from one entry of the cache after that.

An entry is named after a hash of everything its pixels depend on: the input format, and of each file its path, size,
times and inode.

`rsync -t`, `cp -p`, `tar` and `unzip` give a copy the size and modification time of another file, but nothing can give
it the time at which its inode changed. The inode itself tells apart folders that changed places, whose files keep all
of their times. The device is left out: network file systems get another number at each mount.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Iterator
from dataclasses import astuple
from os.path import abspath, join
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnncli.data.cache_entries import entry_within, make_entry, opened_entry, tidy
from cnncli.data.cache_room import IMAGES, LIMIT, decoded_cache_dir
from cnncli.data.files import open_file
from cnncli.data.samples import FileSamples, Samples
from cnncli.data.threads import in_threads
from cnncli.errors import DataError, ResourceError
from cnncli.notices import Progress

_FORMAT = "cnncli images 2"  # changes whenever the same file would be read as other pixels
_CHUNK_BYTES = 32_000_000  # decoded at a time: the memory that filling an entry costs
_ATTEMPTS = 10  # another process may have removed the entry to make room
_TICK, _COARSE_TICK = 20_000_000, 2_000_000_000  # ns; Linux stamps files every 1 to 10 ms, FAT every 2 seconds


def cached(
    samples: FileSamples, progress: Progress | None = None, limit: int = LIMIT, bound: int | None = None
) -> Samples:
    """Decodes images into the cache, unless they are there, and maps them from it. Several processes may do so at once.

    Progress is the number of decoded images, and of all. The new entry stays even if it is larger than the limit; with
    a bound, in bytes, the cache never holds more.

    Raises:
        DataError: An image cannot be read, or changed while it was read.
        ResourceError: The cache folder is full or cannot be written to, or the bound is too small.
    """
    if not len(samples):  # an empty array cannot be mapped
        return Samples(samples.read(np.arange(0)), samples.labels, samples.names)
    state, shape = _state(samples), (len(samples), *samples.shape)
    entry = decoded_cache_dir() / IMAGES / f"{state.key}.npy"
    for _ in range(_ATTEMPTS):
        images = entry_within(entry, shape, np.uint8, "images", bound)
        if images is not None:
            return Samples(images, samples.labels, samples.names)
        make_entry(entry, shape, np.uint8, _chunks(samples, progress), "images", bound)
        if _state(samples).content != state.content:
            entry.unlink(missing_ok=True)
            raise DataError("images changed while they were read", "start again when no program writes to them")
        tidy(entry, limit if bound is None else bound)
    raise ResourceError(
        f"{entry} is removed or damaged as soon as it is written",
        "set CNNCLI_CACHE_DIR to a folder that nobody empties",
    )


def cached_before(samples: FileSamples) -> Samples | None:
    """The images mapped from the cache; None when they are not in it. Nothing is decoded."""
    if not len(samples):
        return None
    entry = decoded_cache_dir() / IMAGES / f"{_state(samples).key}.npy"
    images = opened_entry(entry, (len(samples), *samples.shape), np.uint8)
    return None if images is None else Samples(images, samples.labels, samples.names)


def _chunks(samples: FileSamples, progress: Progress | None) -> Iterator[np.ndarray]:
    """All images in order, some at a time."""
    total, per_chunk = len(samples), max(1, _CHUNK_BYTES // math.prod(samples.shape))
    for start in range(0, total, per_chunk):
        end = min(start + per_chunk, total)
        yield samples.read(np.arange(start, end))
        if progress:
            progress(end, total)


def held(samples: FileSamples, progress: Progress | None = None) -> Samples:
    """The images decoded into memory; progress is the number of decoded images, and of all."""
    images, start = np.empty((len(samples), *samples.shape), np.uint8), 0
    for chunk in _chunks(samples, progress):
        images[start : start + len(chunk)] = chunk
        start += len(chunk)
    return Samples(images, samples.labels, samples.names)


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

    content = hashlib.blake2b(f"{_FORMAT}\0{astuple(samples.input_format)}\0".encode(), digest_size=20)
    if (shards := samples.shards) is not None:  # whose contents are known, and whose names may tell their formats
        parts = (f"{shards.content(name)}.{name.rpartition('.')[2]}" for name in samples.names)
        content.update("\0".join(parts).encode())
        return _State(content.hexdigest(), content.digest()), 0

    root = str(samples.root)

    def states(numbers: range) -> tuple[bytes, bytes, int]:
        files, inodes, newest = [], [], 0
        for number in numbers:
            path = join(root, samples.names[number])  # noqa: PTH118  a Path takes longer to make than to look at
            try:
                state = os.stat(path)  # noqa: PTH116
            except (OSError, ValueError):
                open_file(Path(path)).close()  # says what is wrong with it
                raise
            name = abspath(path)  # noqa: PTH100
            files.append(f"{name}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}\0")
            inodes.append(f"{state.st_ino}\0")
            newest = max(newest, state.st_ctime_ns)
        return os.fsencode("".join(files)), "".join(inodes).encode(), newest

    key, newest = hashlib.blake2b(digest_size=20), 0
    for files, inodes, changed in in_threads(states, len(samples)):
        content.update(files)
        key.update(inodes)
        newest = max(newest, changed)
    key.update(content.digest())
    return _State(key.hexdigest(), content.digest()), newest
