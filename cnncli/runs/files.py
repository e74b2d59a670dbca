"""Atomic writes: the one way a file of a run gets onto the disk, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from cnncli.errors import ResourceError
from cnncli.machine import address_in, create_folder, unknown_home

_LEFTOVER = re.compile(r"\.tmp-\d+-[0-9a-f]+-")


def at_boundary(path: Path) -> None:
    """Called before a file is written, before it is renamed and after; tests put a function of their own here."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yields a temporary path that replaces `path` when the block succeeds and is removed when it fails.

    The temporary file has the same suffix (Keras requires it), is synced to disk and renamed: nobody ever sees half a
    file.

    Raises:
        ResourceError: The disk is full, or the folder cannot be written to.
    """
    # The number in the name cannot be guessed: a link placed there in advance would be written through
    aside = path.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
    try:
        at_boundary(path)
        create_folder(path.parent)
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        at_boundary(path)
        aside.replace(path)
        at_boundary(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ResourceError(f"cannot write '{path}': {error.strerror or error}", _hint(error)) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file as `writing` does."""
    with writing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def leftovers_in(folder: Path) -> Iterator[Path]:
    """Temporary files in a folder and its subfolders, of killed processes and of those that are still writing."""
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names if _LEFTOVER.match(name))


def leftovers_of(path: Path) -> list[Path]:
    """Temporary files of one file, of killed processes and of those that are still writing it."""
    beside = path.parent.iterdir()
    return [file for file in beside if (match := _LEFTOVER.match(file.name)) and file.name[match.end() :] == path.name]


def sweep_leftovers(folder: Path) -> None:
    """Removes temporary files of killed processes from a folder that nobody else writes to."""
    for path in leftovers_in(folder):
        with contextlib.suppress(OSError):
            path.unlink()


COPY_RUNS = (
    "a run is locked and read as it grows: write to a folder of a disk, and copy that when the training has ended"
)
"""What to do who wants runs in a bucket."""


def require_writable(folder: Path) -> None:
    """Raises a `ResourceError` unless files can be written to a folder, or to its nearest parent that exists.

    For use before hours of work; leaves no trace.
    """
    if address := address_in(folder):
        raise ResourceError(f"runs cannot be written to {address}", COPY_RUNS)
    existing = folder.absolute()
    while not os.path.lexists(existing):
        existing = existing.parent
    probe = existing / f".tmp-{os.getpid()}-{secrets.token_hex(4)}-probe"
    try:
        if problem := unknown_home(folder):
            raise FileNotFoundError(errno.ENOENT, problem)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        message = f"cannot create a run folder in '{folder}': {error.strerror or error}"
        raise ResourceError(message, "choose another folder with --runs-dir") from error


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder, and a rename is durable without it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hint(error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return "free some space; earlier files are intact" if full else ""
