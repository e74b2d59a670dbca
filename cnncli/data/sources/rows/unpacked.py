"""Images that are inside a table or archive, written as files into the cache, once."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from cnncli.data.cache_room import (
    UNPACKED,
    create_cache_folder,
    decoded_cache_dir,
    hold,
    make_room,
    size_of_entry,
    size_on_disk,
)
from cnncli.errors import ResourceError
from cnncli.notices import Notice


def unpacked_folder(files: Sequence[Path]) -> Path:
    """The folder in the cache for the images inside of these files, which need not be there yet.

    It is another one as soon as a file changes: `<hash of the paths>-<hash of their sizes, times and inodes>`.
    """
    paths, states = hashlib.blake2b(digest_size=8), hashlib.blake2b(digest_size=16)
    for file in files:
        state = file.stat()
        paths.update(os.fsencode(file.absolute()) + b"\0")
        states.update(f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}\0".encode())
    return decoded_cache_dir() / UNPACKED / f"{paths.hexdigest()}-{states.hexdigest()}"


def unpack(
    files: Sequence[Path], write: Callable[[Path], None], notice: Notice, images: int = 0, bound: int | None = None
) -> Path:
    """The folder with the images inside of these files, which `write` writes unless they are there.

    What was unpacked of the same files before they changed is removed. With a bound, in bytes, the cache never holds
    more; `images` is their number.

    Raises:
        ResourceError: The cache folder is full or cannot be written to, or the bound is too small.
    """
    folder = unpacked_folder(files)
    others = " and others" if len(files) > 1 else ""
    what, is_there = f"unpacking {files[0].name}{others}", folder.is_dir()
    if bound is not None:
        expected = sum(file.stat().st_size for file in files) + images * size_on_disk(1)
        make_room(size_of_entry(folder) if is_there else expected, bound, what, own=folder)
    if is_there:
        hold(folder)
        return folder
    notice(f"unpacking the images of {files[0]}{others} into {folder}")
    try:
        create_cache_folder(folder.parent)
        unfinished = folder.with_name(f"{folder.name}-{os.getpid()}")
        try:
            unfinished.mkdir(exist_ok=True)
            write(unfinished)
            if bound is not None:  # what is in an archive may be larger than the archive
                make_room(size_of_entry(unfinished), bound, what, own=unfinished)
            if not folder.is_dir():  # another process may have been faster
                unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        for old in folder.parent.glob(f"{folder.name.partition('-')[0]}-*"):
            if old != folder and old.name.count("-") == 1:  # with a third part, another process is about it
                shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ResourceError(
            f"{folder} cannot be written: {error.strerror or error}",
            "the images inside a table or archive are unpacked into the cache; set CNNCLI_CACHE_DIR to another folder",
        ) from error
    hold(folder)
    return folder
