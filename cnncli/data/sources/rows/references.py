"""Finds the images that a table or export names: as written, by the ends of their paths, or by their names."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.wording import some

_UPLOAD = re.compile(r"[0-9a-f]{8}-(.+)")
"""What Label Studio makes of the name of a file that is uploaded: eight digits come before it."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*/", re.IGNORECASE)


class Found(NamedTuple):
    """The path of an image from the root on, as far as it is known, and what is wrong with it."""

    name: str
    problem: str = ""


class References:
    """The images below a folder, by the names that tables have for them.

    A name is first a path, as it is written. If there is no such file, the image is the only one below the folder whose
    path ends in the name, or does so without its suffix. If none of the images of a table can be found so, as when it
    was written on another machine, the name of the file alone decides, where each is unique.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, names: Sequence[str]) -> list[Found]:
        """Finds each image; a wrong one is a problem of its own."""
        found = [self._as_written(name) or self._by_end(name) for name in names]
        if found and all(each.problem for each in found):
            parts = [_parts(name) for name in names]
            bases = [each[-1] if each else "" for each in parts]
            by_name = [self._by_end(base) for base in bases]
            if len(set(bases)) == len(set(names)) and 2 * sum(not each.problem for each in by_name) >= len(names):
                return by_name
        return found

    def all_exist(self, names: Sequence[str]) -> bool:
        """Whether each can be found."""
        return not any(found.problem for found in self.resolve(names))

    def _as_written(self, name: str) -> Found | None:
        """The path with forward slashes; tables written on Windows have backslashes."""
        slashed = name.replace("\\", "/")
        written = name if slashed == name or os.path.lexists(self._folder / name) else slashed
        try:
            if (self._folder / written).is_file():
                return Found(written)
            return Found(written, "is not a file") if name and (self._folder / written).exists() else None
        except (OSError, ValueError):  # too long a name, or a null character in it
            return Found(written, "does not exist")

    def _by_end(self, name: str) -> Found:
        parts = _parts(name)
        if not parts:
            return Found(name, "does not exist")
        end = "/" + "/".join(parts)
        candidates = [each for each in self._by_base.get(parts[-1], ()) if f"/{each}".endswith(end)]
        if not candidates:
            stems = self._by_stem.get(parts[-1], ())
            candidates = [each for each in stems if os.path.splitext(f"/{each}")[0].endswith(end)]  # noqa: PTH122
        if not candidates and (upload := _UPLOAD.fullmatch(parts[-1])):
            return self._by_end(upload[1])
        if len(candidates) == 1:
            return Found(candidates[0])
        written = name.replace("\\", "/")
        return Found(written, f"may be {some(candidates)}" if candidates else "does not exist")

    @cached_property
    def _files(self) -> list[str]:
        return [name for name in FolderInventory(self._folder, {}).files() if _suffix(name) in SUFFIXES]

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        index = defaultdict(list)
        for name in self._files:
            index[name.rpartition("/")[2]].append(name)
        return index

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        index = defaultdict(list)
        for name in self._files:
            index[os.path.splitext(name.rpartition("/")[2])[0]].append(name)  # noqa: PTH122
        return index


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def _parts(name: str) -> list[str]:
    """The folders and the name in a path or address, without what says nothing."""
    path = name.replace("\\", "/")
    if "?d=" in path:  # a local file of Label Studio
        path = unquote(path.partition("?d=")[2])
    elif _SCHEME.match(path):
        path = unquote(_SCHEME.sub("", path).partition("?")[0])
    return [part for part in path.split("/") if part not in ("", ".", "..")]
