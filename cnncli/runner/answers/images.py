"""Which images are asked for: in folders, tables, patterns and lists, in an order that every machine agrees on."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
from array import array
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np

from cnncli.data.decode.formats import HEAD, format_of
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import require_existing
from cnncli.data.inventory.own_files import is_own_drawing
from cnncli.data.remote.address import refuse_address
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.image_list import listed_images
from cnncli.data.sources.rows.reading import is_table
from cnncli.errors import DataError
from cnncli.machine import expanded
from cnncli.notices import Notice
from cnncli.wording import counted, some

ImageSource: TypeAlias = str | os.PathLike[str] | IO[bytes]

_END = b"\0"  # no name of a file can have it


class _Texts:
    """Many short texts in little memory: a million names take 70 MB."""

    def __init__(self) -> None:
        self._content, self._ends = bytearray(), array("Q", [0])

    def append(self, text: str) -> None:
        self._content += text.encode("utf-8", "surrogateescape")
        self._ends.append(len(self._content))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, at: int) -> str:
        return self.encoded(at).decode("utf-8", "surrogateescape")

    def encoded(self, at: int) -> bytes:
        return bytes(memoryview(self._content)[self._ends[at] : self._ends[at + 1]])


class ImageList:
    """Images by their position, each once.

    The name of an image is its path from the folder, or from the fixed beginning of the pattern, that was asked for, or
    what a table has for it. So it is the same wherever the images are mounted. Where several folders, tables or files
    are asked for, it is the path as it was written.
    """

    def __init__(self, root: str = "") -> None:
        self._root = root
        self._names = _Texts()
        self._paths: _Texts | None = None

    def append(self, name: str, path: str | None = None) -> None:
        """Adds an image; its path is root and name unless it is said."""
        if path is not None and self._paths is None:
            self._paths = _Texts()
        self._names.append(name)
        if self._paths is not None:
            self._paths.append(path or "")

    def __len__(self) -> int:
        return len(self._names)

    def name(self, position: int) -> str:
        """The name of an image."""
        return self._names[position]

    def path(self, position: int) -> Path:
        """Where an image is."""
        return Path(self._paths[position] if self._paths is not None else os.path.join(self._root, self.name(position)))  # noqa: PTH118

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all names in order, each with a null byte behind it."""
        digest = hashlib.sha256()
        for position in range(len(self)):
            digest.update(self._names.encoded(position) + _END)
        return digest.hexdigest()

    @cached_property
    def _hashes(self) -> np.ndarray:
        """The first 8 bytes of the SHA-256 of each name as a number, uint64, shape `(images,)`."""
        first = (hashlib.sha256(self._names.encoded(at)).digest()[:8] for at in range(len(self)))
        return np.fromiter((int.from_bytes(each, "big") for each in first), np.uint64, len(self))

    def in_shard(self, number: int, count: int) -> np.ndarray:
        """The positions of the images of a shard, counted from 1, in order: int64, shape `(images,)`."""
        if count == 1:
            return np.arange(len(self))
        return np.flatnonzero(self._hashes % np.uint64(count) == number - 1)

    def each_once(self, notice: Notice) -> ImageList:
        """The same images, each where it is listed first; the notice receives a line about those listed again."""
        _, first, kinds = np.unique(self._hashes, return_index=True, return_inverse=True)
        earlier = first[kinds]  # (images,)
        later: list[int] = np.flatnonzero(earlier != np.arange(len(self))).tolist()
        again = [at for at in later if self._names.encoded(at) == self._names.encoded(int(earlier[at]))]
        if not again:
            return self
        kept, repeated = ImageList(self._root), set(again)
        for at in range(len(self)):
            if at not in repeated:
                kept.append(self.name(at), None if self._paths is None else self._paths[at])
        names = some([self.name(at) for at in again])
        notice(f"{counted(len(again), 'image')} listed more than once, and answered once: {names}")
        return kept


def as_several(images: ImageSource | Iterable[ImageSource]) -> Iterable[ImageSource]:
    """Several as they are, one as a list."""
    if isinstance(images, str | os.PathLike) or hasattr(images, "read"):
        return [images]  # type: ignore[list-item]
    return images


def list_images(inputs: Iterable[ImageSource], image_column: str | None, notice: Notice) -> ImageList:
    """Lists images without opening them.

    Args:
        inputs: Files, folders, which stand for all images in them, tables of images, and patterns such as
            `photos/**/*.jpg`; or an open file that lists such paths.
        image_column: Column of the images in a table; found by itself if None.
        notice: Receives a line about what is not certain in a table, and about images that are listed twice.

    Raises:
        DataError: A folder cannot be listed, a table not read, there are no images at all, or the only path that is
            named does not exist. One of several that does not is answered with what is the matter.
    """
    each = (
        one
        for given in inputs
        for one in ([os.fspath(given)] if isinstance(given, str | os.PathLike) else _listed(given))
    )
    first, second = next(each, None), next(each, None)
    if first is None:
        raise DataError("the list of images is empty", "name files, folders, tables or patterns")
    if second is None:
        if not glob.has_magic(first):
            require_existing(first)
        root, found = _found(first, image_column, notice)
        images = ImageList(root)
        for name, path in found:
            images.append(name, path)
    else:
        images = ImageList()
        for one in itertools.chain((first, second), each):
            root, found = _found(one, image_column, notice)
            for name, path in found:
                images.append(path or os.path.join(root, name))  # noqa: PTH118  # a fifth of the time of a Path
    if not len(images):
        raise DataError(f"there are no images in {first}{' and the others' if second else ''}")
    return images.each_once(notice)


def _listed(stream: IO[bytes]) -> Iterator[str]:
    """The paths in a stream, one on each line, or, as `find -print0` writes them, with a null byte behind each."""
    content = stream.read()
    if kind := format_of(content[:HEAD]):
        raise DataError(f"expected a list of paths, got {kind.words}", "name the file, or leave out --out")
    end = _END if _END in content else b"\n"
    return (os.fsdecode(line) for each in content.split(end) if (line := each.removesuffix(b"\r")))


def _found(given: str, image_column: str | None, notice: Notice) -> tuple[str, Iterable[tuple[str, str | None]]]:
    """A folder, and images by their names from there on; with a path where that is another one."""
    refuse_address(given)
    path = expanded(given)
    if path.is_dir():
        return str(path), ((name, None) for name in _in_folder(path))
    if path.is_file() and is_table(path):
        try:
            listed = listed_images(TableArguments(path, image_column=image_column, notice=notice))
        except DataError as error:
            named_here = error.hint.replace("data.source.table.image_column", "--image-column")
            raise DataError(error.message, named_here) from error
        return "", zip(listed.names, listed.paths, strict=True)
    if glob.has_magic(given) and not os.path.lexists(path):
        fixed, pattern = _divided(str(path))
        return fixed, ((name, None) for name in _matching(fixed, pattern))
    return "", [(given, str(path) if given.startswith("~") else None)]


def matching_files(pattern: str) -> list[Path]:
    """All files that match a pattern, and all images in folders that do."""
    fixed, rest = _divided(str(expanded(pattern)))
    return [Path(fixed, name) for name in _matching(fixed, rest)]


def _in_folder(folder: Path) -> Iterator[str]:
    return (name for name in FolderInventory(folder).images_by_folder() if not is_own_drawing(folder / name))


def _divided(pattern: str) -> tuple[str, str]:
    """A pattern as the folder before its first special character, and the rest."""
    parts = Path(pattern).parts
    at = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:at])) if at else "", "/".join(parts[at:])


def _matching(folder: str, pattern: str) -> Iterator[str]:
    """What matches a pattern, sorted; a folder stands for all images in it."""
    for match in sorted(glob.glob(pattern, root_dir=folder or None, recursive=True)):  # noqa: PTH207  # of text
        path = Path(folder, match)
        if not path.is_dir():
            yield match.replace(os.sep, "/")
        elif not pattern.endswith("**"):  # which matches all that is in it as well
            yield from (f"{match.rstrip(os.sep)}/{name}".replace(os.sep, "/") for name in _in_folder(path))
