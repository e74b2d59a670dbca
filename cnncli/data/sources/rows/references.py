"""Finds the images that a table or export names: as written, by the ends of their paths, or by their names."""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain, takewhile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.wording import some

_UPLOAD = re.compile(r"[0-9a-f]{8}-(.+)")
"""What Label Studio makes of the name of a file that is uploaded: eight digits come before it."""

_SHOWN = 60  # characters of a cell that has something else than the name of an image

_NUMBER = re.compile(r"[0-9]{1,15}(\.0+)?")

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*/", re.IGNORECASE)


class Found(NamedTuple):
    """The path of an image from the root on, as far as it is known, and what is wrong with it."""

    name: str
    problem: str = ""


class References:
    """The images below a folder, by the names that tables have for them.

    A name is first a path, as it is written. If there is no such file, the image is the only one below the folder whose
    path ends in the name, or does so without its suffix, if need be in other case or another Unicode form. If none of
    the images of a table can be found so, as when it was written on another machine, the folders that all names begin
    with do not count; then the names of the files alone decide, where each is unique; then so do these without their
    suffixes; and last the numbers in them, as `00012.png` is 12 for a program that took names for numbers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, names: Sequence[str]) -> list[Found]:
        """Finds each image; a wrong one is a problem of its own."""
        found = self._all(names)
        if not found or any(not each.problem for each in found):
            return found
        moved = chain((self._all(other) for other in _without_what_may_differ(names)), [self._by_number(names)])
        return next((each for each in moved if 2 * sum(not one.problem for one in each) >= len(names)), found)

    def _all(self, names: Sequence[str]) -> list[Found]:
        return [self._as_written(name) or self._by_end(name) for name in names]

    def all_exist(self, names: Sequence[str]) -> bool:
        """Whether each can be found."""
        return not any(found.problem for found in self.resolve(names))

    def _as_written(self, name: str) -> Found | None:
        """The path with forward slashes; tables written on Windows have backslashes."""
        slashed = name.replace("\\", "/")
        written = name if slashed == name or os.path.lexists(self._folder / name) else slashed
        try:
            mode = os.stat(os.path.join(self._folder, written)).st_mode  # noqa: PTH116, PTH118  # of a million files
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:  # too long a name, or a null character in it
            if getattr(error, "errno", None) == errno.EACCES:
                return Found(written, "may not be read")
            shown = written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"
            return Found(shown, "is not the name of a file")
        if stat.S_ISREG(mode):
            return Found(written)
        return Found(written, "is not a file") if name else None

    def _by_end(self, name: str) -> Found:
        parts = _parts(name)
        if not parts:
            return Found(name, "does not exist")
        end = "/" + "/".join(parts)
        candidates = self._ending_in(end, str) or self._ending_in(end, _folded)
        if not candidates and (upload := _UPLOAD.fullmatch(parts[-1])):
            return self._by_end(upload[1])
        if len(candidates) == 1:
            return Found(candidates[0])
        written = name.replace("\\", "/")
        return Found(written, f"may be {some(candidates)}" if candidates else "does not exist")

    def _by_number(self, names: Sequence[str]) -> list[Found]:
        """The images whose names are numbers, for names that are such and may lack zeros or have a fraction of zero."""
        files: dict[int, list[str]] = {}
        if all(map(_NUMBER.fullmatch, names)):
            for stem, of_stem in self._by_stem.items():
                if stem.isascii() and stem.isdecimal():
                    files.setdefault(int(stem), []).extend(of_stem)
        found = [files.get(int(float(name)), []) if files else [] for name in names]
        return [
            Found(images[0]) if len(images) == 1 else Found(name, "does not exist")
            for name, images in zip(names, found, strict=True)
        ]

    def _ending_in(self, end: str, form: Callable[[str], str]) -> list[str]:
        """The images whose paths, or these without their suffixes, end like this when both are in a form."""
        base, end = _folded(end.rpartition("/")[2]), form(end)
        whole = [each for each in self._by_base.get(base, ()) if form(f"/{each}").endswith(end)]
        return whole or [each for each in self._by_stem.get(base, ()) if form(f"/{_stem(each)}").endswith(end)]

    @cached_property
    def _files(self) -> list[str]:
        return [name for name in FolderInventory(self._folder, {}).files() if _suffix(name) in SUFFIXES]

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        index = defaultdict(list)
        for name in self._files:
            index[_folded(name.rpartition("/")[2])].append(name)
        return index

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        index = defaultdict(list)
        for name in self._files:
            index[_folded(_stem(name.rpartition("/")[2]))].append(name)
        return index


def is_address(name: str) -> bool:
    """Whether a name is an address in a network: `https://…`, `s3://…`."""
    return _SCHEME.match(name) is not None


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]  # noqa: PTH122


def _folded(name: str) -> str:
    """A name as it is alike on systems that keep case and Unicode forms apart, and on those that do not."""
    return unicodedata.normalize("NFC", name).casefold()


def _without_what_may_differ(names: Sequence[str]) -> Iterator[list[str]]:
    """The names without more and more of what another machine may have differently, as long as they stay apart."""
    parts, count = [_parts(name) for name in names], len(set(names))
    alike = takewhile(lambda folders: len(set(folders)) == 1, zip(*(each[:-1] for each in parts), strict=False))
    for start in range(1, len(list(alike)) + 1):
        yield ["/".join(each[start:]) for each in parts]
    bases = ["".join(each[-1:]) for each in parts]
    for last in (bases, [_stem(base) if _suffix(base) in SUFFIXES else base for base in bases]):
        if len(set(last)) == count:
            yield last


def _parts(name: str) -> list[str]:
    """The folders and the name in a path or address, without what says nothing."""
    path = name.replace("\\", "/")
    if "?d=" in path:  # a local file of Label Studio
        path = unquote(path.partition("?d=")[2])
    elif is_address(path):
        path = unquote(_SCHEME.sub("", path).partition("?")[0])
    return [part for part in path.split("/") if part not in ("", ".", "..")]
