"""The one way a file of a run gets onto the disk: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from cnncli.errors import ResourceError

_LEFTOVER = re.compile(r"\.tmp-\d+-[0-9a-f]+-")


def at_boundary(path: Path) -> None:
    """Called before a file is written, before it is renamed and after; tests put a function of their own here.

    Args:
        path: File that is written.
    """


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A path to write to, that becomes `path` when the block ends well and vanishes when it does not.

    The file is written aside under a name with the same suffix (Keras insists on it), synced to disk and renamed, so
    that nobody ever sees half a file.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written to.
    """
    # The number in the name is nobody's guess: a link that waits there would be written through
    aside = path.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
    try:
        at_boundary(path)
        path.parent.mkdir(parents=True, exist_ok=True)
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


def leftovers_in(folder: Path) -> Iterator[Path]:
    """What processes have half-written in a folder and those in it: killed ones, and others that are still at it."""
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names if _LEFTOVER.match(name))


def sweep_leftovers(folder: Path) -> None:
    """Removes what killed processes left half-written in a folder that nobody else is writing to."""
    for path in leftovers_in(folder):
        with contextlib.suppress(OSError):
            path.unlink()


def require_writable(folder: Path) -> None:
    """Finds out before hours of work, and without leaving a trace, whether files can be written to a folder.

    Args:
        folder: may be missing; then it is the folder above it that counts.

    Raises:
        ResourceError: they cannot.
    """
    there = folder.absolute()
    while not os.path.lexists(there):
        there = there.parent
    probe = there / f".tmp-{os.getpid()}-{secrets.token_hex(4)}-probe"
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        message = f"cannot make a run folder in '{folder}': {error.strerror or error}"
        raise ResourceError(message, "choose another folder with --runs-dir") from error


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # a folder cannot be opened there, and a rename is durable without it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hint(error: OSError) -> str:
    import errno

    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return "make room; what was written before is whole" if full else ""
