"""Finding the files of a source, and messages for when they are missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cnncli.data.inventory.archives import refuse_archive
from cnncli.data.remote.address import refuse_address
from cnncli.errors import DataError
from cnncli.machine import expanded, unknown_home
from cnncli.wording import some


def existing_folder(path: Path | str) -> Path:
    """The folder, with `~` replaced; a DataError when it does not exist or is not a folder."""
    folder = require_existing(path)
    refuse_archive(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is {'a file, and' if folder.is_file() else 'not a folder;'} a folder was expected")
    return folder


def existing_file(path: Path | str) -> Path:
    """The file, with `~` replaced; a DataError when it does not exist or is not a file."""
    file = require_existing(path)
    if not file.is_file():
        raise DataError(f"{file} is {'a folder, and' if file.is_dir() else 'not a file;'} a file was expected")
    return file


def require_existing(path: Path | str) -> Path:
    """The path with `~` replaced; a DataError when nothing is there, with the nearest folder that exists."""
    path = expanded(path)
    if path.exists():
        return path
    refuse_address(path)
    if path.is_symlink():
        raise DataError(f"{path} is a link to something that does not exist")
    nearest = next((parent for parent in path.absolute().parents if parent.is_dir()), Path("/"))
    try:
        children = sorted(child for child in nearest.iterdir() if not child.name.startswith("."))
        inside = [child.name for child in sorted(children, key=lambda child: not child.is_dir())]  # folders first
    except OSError:
        inside = []
    if problem := unknown_home(path):
        raise DataError(f"{path} does not exist: {problem}", "write the path in full")
    raise DataError(
        f"{path} does not exist",
        f"the nearest folder that exists is {nearest}, with {some(inside) if inside else 'nothing'} in it",
        not_there=path,
    )


class ExcludeList:
    """The files and folders of `data.exclude`; a file is in it when it, or a folder around it, is listed.

    Names are written relative to the source's folder, perhaps with `./`, or absolute.
    """

    def __init__(self, names: Iterable[str], root: Path) -> None:
        self._root = root
        self._written = {spelt: name for name in names for spelt in self._spellings(name)}
        self._matched: set[str] = set()

    def _spellings(self, name: str) -> Iterator[str]:
        yield name
        for root in (self._root.absolute(), self._root.resolve()):
            yield os.path.relpath(root / name, root).replace(os.sep, "/")

    def __contains__(self, name: object) -> bool:
        if not self._written or not isinstance(name, str):
            return False
        around = (name[:at] for at, letter in enumerate(name) if letter == "/")
        written = next((self._written[part] for part in (name, *around) if part in self._written), None)
        if written is not None:
            self._matched.add(written)
        return written is not None

    @property
    def unknown(self) -> list[str]:
        """The names that match no file."""
        unmatched = [name for name in dict.fromkeys(self._written.values()) if name not in self._matched]
        return [name for name in unmatched if not (os.path.lexists(self._root / name) and Path(name).name)]
