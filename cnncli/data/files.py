"""Files on disk: opening one that may be anything, and finding the images in a folder."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from cnncli.data.decode import formats
from cnncli.errors import DataError

PASSED_OVER = frozenset({"__MACOSX", "@eaDir", "lost+found"})
"""Folders that systems put among people's own. They are passed over like those whose names begin with a dot."""


def open_file(path: Path, name: str = "") -> io.BufferedReader:
    """Open a file for reading; a folder, FIFO, socket or device is refused instead of waited for.

    Args:
        path: of the file; links are followed.
        name: what messages call it; the path when empty.

    Raises:
        DataError: when there is no such file, or it cannot be opened; it says why.
    """
    name = name or str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{name} is a folder, not an image")
        if not stat.S_ISREG(mode):  # opening a FIFO would wait for somebody to write to it
            kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
            raise DataError(f"{name} is {kind}, not an image")
        return path.open("rb")
    except FileNotFoundError:
        problem = "is a link to a file that does not exist" if path.is_symlink() else "does not exist: no such file"
    except PermissionError:
        problem = "cannot be read: it is not permitted to you"
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        problem = f"cannot be opened: {getattr(error, 'strerror', None) or error}"
    raise DataError(f"{name} {problem}")


def find_images(folder: Path) -> list[Path]:
    """All image files in a folder and the folders in it.

    A file counts when its name or its first bytes say that it is an image, so a broken `.jpg` is found (and reported
    when it is read) as well as an image without a suffix. Hidden files and folders and those in `PASSED_OVER` are not
    looked at. Links are followed, but no folder is visited twice.

    Returns:
        Paths that begin with `folder`, in the order in which people count: `img2.png` before `img10.png`.

    Raises:
        DataError: when the folder, or one in it, cannot be listed.
    """
    return [folder / name for name in image_names(folder)]


def image_names(folder: Path) -> list[str]:
    """What `find_images` finds, as text from the folder on with forward slashes: a third of the memory and time."""
    found: list[str] = []
    visited: set[tuple[int, int]] = set()
    pending, linked = [""], list[str]()  # folders to visit, each empty or ending in a slash
    while pending or linked:
        # Links last: files are then named by where they really are.
        current = pending.pop() if pending else linked.pop()
        for entry in _inside(folder / current, visited):
            name = current + entry.name
            if _is_folder(entry):
                (linked if entry.is_symlink() else pending).append(name + "/")
            elif _looks_like_image(folder, name):
                found.append(name)
    return sorted(found, key=in_counting_order)


def folders_in(folder: Path) -> list[str]:
    """The names of the folders in a folder as people count, without those passed over; links are followed.

    Raises:
        DataError: when the folder cannot be listed.
    """
    return sorted((entry.name for entry in _inside(folder, set()) if _is_folder(entry)), key=in_counting_order)


def images_beside(folder: Path) -> list[str]:
    """The names of the images that lie directly in a folder."""
    names = [entry.name for entry in _inside(folder, set()) if not _is_folder(entry)]
    return sorted((name for name in names if _looks_like_image(folder, name)), key=in_counting_order)


def in_counting_order(name: str) -> tuple[list[tuple[str, int]], str]:
    """A key to sort by that takes digits as numbers, `class2` before `class10`; the text decides `a1` and `a01`."""
    pieces = re.findall(r"(\D*)(\d*)", name)
    return [(text.casefold(), int(digits or -1)) for text, digits in pieces], name


def _inside(folder: Path, visited: set[tuple[int, int]]) -> Iterator[os.DirEntry[str]]:
    """What is in a folder and not hidden, by name; nothing when the folder was visited before."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in visited:
            return iter(())
        visited.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".") and entry.name not in PASSED_OVER]
        return iter(sorted(shown, key=lambda entry: entry.name))
    except FileNotFoundError:
        problem = "does not exist: no such folder"
    except NotADirectoryError:
        problem = "is a file, not a folder"
    except (OSError, ValueError) as error:
        problem = f"cannot be listed: {getattr(error, 'strerror', None) or error}"
    raise DataError(f"{folder} {problem}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _looks_like_image(folder: Path, name: str) -> bool:
    if os.path.splitext(name)[1].lower() in formats.READ_SUFFIXES | formats.OTHER_SUFFIXES:  # noqa: PTH122
        return True
    try:
        with open_file(folder / name) as stream:
            head = stream.read(formats.HEAD)
    except (DataError, OSError):  # no image by its name, and its contents cannot be asked
        return False
    return bool(formats.format_of(head)) or formats.is_other_image(head)
