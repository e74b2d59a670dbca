"""The cache folder: what is in it, least recently used first, and room for more within a bound."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from cnncli.data.inventory.own_files import CACHE_TAG, CACHE_TAG_CONTENT
from cnncli.errors import ResourceError
from cnncli.machine import create_folder, expanded
from cnncli.notices import Notice
from cnncli.wording import size_text

if sys.platform != "win32":
    import fcntl

LIMIT = 20_000_000_000
"""Size of the cache in bytes, above which the least recently used entries are removed."""

IMAGES, UNPACKED, REMOTE = "images", "unpacked", "remote"
"""Its folders of decoded images, of images out of tables and archives, and of copies of remote data."""

ARRAYS = (IMAGES, "features")
"""Its folders of arrays, one file each; in the others every entry is a folder."""

_LOCKS = "locks"
_BLOCK = 4096  # bytes in multiples of which file systems store files


class Entry(NamedTuple):
    """What is removed as a whole: a file of decoded images, or a folder."""

    used: int  # last use, in nanoseconds since 1970
    size: int  # bytes on the disk
    path: Path


def decoded_cache_dir() -> Path:
    """The cache folder: `$CNNCLI_CACHE_DIR`, `$XDG_CACHE_HOME/cnncli` or `~/.cache/cnncli`."""
    if own := os.environ.get("CNNCLI_CACHE_DIR"):
        return expanded(own)
    shared = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (shared if shared.is_absolute() else expanded("~/.cache")) / "cnncli"


def create_cache_folder(folder: Path, mode: int = 0o777) -> None:
    """Creates a folder in the cache, which is marked as one: for backups, and for folders of images."""
    create_folder(folder, mode)
    tag = decoded_cache_dir() / CACHE_TAG
    if not tag.exists():  # a cache may be shared read-only
        tag.write_text(CACHE_TAG_CONTENT, encoding="ascii")


def size_on_disk(size: int) -> int:
    """What a file of so many bytes takes.

    Example:
        >>> size_on_disk(1), size_on_disk(8192)
        (4096, 8192)
    """
    return -(-size // _BLOCK) * _BLOCK


def entries(*kinds: str) -> list[Entry]:
    """What folders of the cache have, the least recently used first."""
    found = []
    files = [file for kind in kinds for file in (decoded_cache_dir() / kind).glob("*.npy" if kind in ARRAYS else "*")]
    for path in files:
        with contextlib.suppress(OSError):  # another process may be removing entries
            if path.is_dir() or path.parent.name in ARRAYS:
                state = path.stat()
                found.append(Entry(state.st_mtime_ns, size_of_entry(path), path))
    return sorted(found)


def size_of_entry(path: Path) -> int:
    """Bytes of a file, or those that all files of a folder take on the disk."""
    if not path.is_dir():
        return path.stat().st_size
    places = [(Path(place), names) for place, _, names in os.walk(path)]
    return sum(size_on_disk((place / name).lstat().st_size) for place, names in places for name in names)


def make_room(size: int, bound: int, what: str, keep: Collection[Path] = (), own: Path | None = None) -> None:
    """Removes the least recently used entries until so many bytes more are within a bound.

    Args:
        size: Bytes that are to be written.
        bound: Bytes that the whole cache may have then.
        what: What they are, for the message: `s3://bucket/photos`.
        keep: Entries that stay, as those do that a process uses.
        own: The entry that these bytes are all of, with what it has already: another thread may be writing there.

    Raises:
        ResourceError: That is not enough, even with everything else removed.
    """
    others = [entry for entry in entries(*ARRAYS, UNPACKED, REMOTE) if entry.path != own]
    kept = sum(entry.size for entry in others if entry.path in keep or _is_held(entry.path))
    if kept + size > bound:
        used = f", in which {size_text(kept)} are in use" if kept else ""
        raise ResourceError(
            f"{what} needs {size_text(size)} of the cache{used}, and it may hold {size_text(bound)}",
            f"set data.cache: {{disk: {-(-(kept + size) // 10**9) + 1}}}, in GB",
        )
    trim(bound - size, keep, own)


def trim(limit: int, keep: Collection[Path] = (), own: Path | None = None) -> None:
    """Removes the least recently used entries above a limit, except those to keep and those that a process uses.

    An entry of its own is neither counted nor removed.
    """
    present = [entry for entry in entries(*ARRAYS, UNPACKED, REMOTE) if entry.path != own]
    excess = sum(entry.size for entry in present) - limit
    for entry in present:
        if excess <= 0:
            return
        if entry.path not in keep and not _is_held(entry.path):
            with contextlib.suppress(OSError):
                shutil.rmtree(entry.path) if entry.path.is_dir() else entry.path.unlink()
            excess -= entry.size


_held: dict[Path, int] = {}


def hold(folder: Path) -> None:
    """Marks an entry as used now, and as in use until this process ends, so that no other one removes it."""
    with contextlib.suppress(OSError):  # a cache may be shared read-only
        os.utime(folder)
        if sys.platform != "win32" and folder not in _held:
            _held[folder] = _opened_lock(folder, "use")
            fcntl.flock(_held[folder], fcntl.LOCK_SH | fcntl.LOCK_NB)


def _is_held(path: Path) -> bool:
    if sys.platform == "win32" or not (lock := _lock(path, "use")).is_file():
        return path in _held
    with contextlib.suppress(OSError):
        handle = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        finally:
            os.close(handle)
    return True


@contextlib.contextmanager
def writing(folder: Path, notice: Notice) -> Iterator[None]:
    """Inside, no other process writes an entry; one that does is waited for."""
    create_cache_folder(folder)
    if sys.platform == "win32":
        yield
        return
    handle = _opened_lock(folder, "lock")
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notice(f"waiting for another process, which writes {folder}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(path: Path, suffix: str) -> Path:
    return decoded_cache_dir() / _LOCKS / f"{path.parent.name}-{path.name}.{suffix}"


def _opened_lock(path: Path, suffix: str) -> int:
    lock = _lock(path, suffix)
    lock.parent.mkdir(parents=True, exist_ok=True)
    return os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
