"""Reads the table of contents of an HDF5 file that may come from a stranger.

HDF5 can do far more than store arrays: point into other files, build an array from pieces of them, unpack a few bytes
to a terabyte, or call plug-ins for it. Keras writes plain arrays in plain groups, so everything else is refused before
a single number is read.

Source:
    Keras' advisories CVE-2026-1669 (an array that is another file) and CVE-2026-0897 (an array that is too large).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MAX_OBJECTS = 100_000
"""Arrays and groups in one file; a model of 1,000 layers has about 10,000."""

MAX_PATH = 1_000
"""Characters in the path of an array; it bounds the depth of groups and the length of names as well."""


class Refused(Exception):
    """The file does not consist of plain arrays; the message ends the sentence "FILE …"."""


class Array(NamedTuple):
    """One array as a file declares it; the dtype in NumPy's words, such as `float32`."""

    shape: tuple[int, ...]
    dtype: str


def contents_of(path: Path) -> Mapping[str, Array]:
    """Every array of a file by its path inside the file.

    Raises:
        Refused: It is not a complete HDF5 file of plain arrays.
    """
    _require_plain_file(path)
    try:
        with h5py.File(path, "r") as file:
            size = path.stat().st_size
            return {name: _checked(name, dataset, size) for name, dataset in _datasets(file)}
    except Refused:
        raise
    except Exception as error:  # a broken file makes the HDF5 library raise nearly anything
        raise Refused("is damaged: it cannot be read as an HDF5 file") from error


def _require_plain_file(path: Path) -> None:
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            raise Refused("is a symbolic link; weights are read from the run folder alone")
        if not stat.S_ISREG(mode):
            raise Refused("is not a file")
        with path.open("rb") as stream:
            start = stream.read(len(SIGNATURE))
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}") from error
    if start != SIGNATURE:
        raise Refused("is empty" if not start else "is damaged or not a file of weights: it is not an HDF5 file")


def _datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every array with its path, following no link; a group with several names, perhaps inside itself, is refused."""
    pending: list[tuple[str, h5py.Group]] = [("", file)]
    seen = {_address(file)}
    objects = 0
    while pending:
        prefix, group = pending.pop()
        for key in group:
            objects += 1
            if objects > MAX_OBJECTS:
                raise Refused(f"contains more than {MAX_OBJECTS:,} objects")
            name = f"{prefix}/{key}" if prefix else key
            if len(name) > MAX_PATH:
                raise Refused(f"has a path of more than {MAX_PATH:,} characters, '{name[:40]}…'")
            if type(group.get(key, getlink=True)) is not h5py.HardLink:
                raise Refused(f"has a link at '{name}' that leads elsewhere")
            kind = group.get(key, getclass=True)
            if kind is h5py.Group:
                inner = group[key]
                if _address(inner) in seen:
                    raise Refused(f"has a group at '{name}' that has another name as well")
                seen.add(_address(inner))
                pending.append((name, inner))
            elif kind is h5py.Dataset:
                yield name, group[key]
            else:
                raise Refused(f"has something at '{name}' that is not an array")


def _address(group: h5py.Group) -> int:
    """The place of a group in the file, which is the same whatever its name."""
    return int(h5py.h5o.get_info(group.id).addr)


def _checked(name: str, dataset: h5py.Dataset, file_size: int) -> Array:
    stored = dataset.id.get_create_plist()
    if stored.get_external_count():
        raise Refused(f"has an array at '{name}' that is kept in another file")
    if stored.get_layout() == h5py.h5d.VIRTUAL:
        raise Refused(f"has an array at '{name}' that is put together from other files")
    if stored.get_layout() != h5py.h5d.CONTIGUOUS or stored.get_nfilters():
        raise Refused(f"has a compressed array at '{name}'; weights are never compressed")
    if dataset.dtype.kind not in "fiu" or dataset.attrs.keys():
        raise Refused(f"has an array at '{name}' that is not of plain numbers")
    offset, size = dataset.id.get_offset(), dataset.id.get_storage_size()
    if dataset.shape is None or dataset.nbytes != size or (size and (offset or 0) + size > file_size):
        raise Refused(f"is damaged: the array at '{name}' is larger than what is stored of it")
    return Array(tuple(dataset.shape), str(dataset.dtype))
