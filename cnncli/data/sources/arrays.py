"""NumPy arrays of images and labels: one `.npz`, a pair of `.npy`, or a folder of them. Nothing is ever unpickled."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from cnncli.data import unused
from cnncli.data.decode.pixels import image_shape
from cnncli.data.inventory.folder_inventory import FolderInventory
from cnncli.data.inventory.location import existing_file
from cnncli.data.memory import require_memory
from cnncli.data.names.classes import Classes
from cnncli.data.names.labels import labelled_images
from cnncli.data.names.split_names import SPLIT_WORDS, SPLITS
from cnncli.data.samples import ImageData, Samples
from cnncli.data.sources.published import hdf5
from cnncli.data.sources.published.matlab import published_arrays
from cnncli.errors import DataError
from cnncli.machine import expanded
from cnncli.notices import Notice, ignore
from cnncli.wording import counted, some

_KINDS = {
    **dict.fromkeys(("x", "image", "images", "data"), "images"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets"), "labels"),
}
_EXPECTED = "expected x_train and y_train (and x_test, y_test, x_val, y_val), or images and labels"


@dataclass(frozen=True)
class _Stored:
    """An array that has not been read; member is empty when the file holds nothing else."""

    file: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def name(self) -> str:
        return f"{self.file}: {self.member}" if self.member else str(self.file)

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def load(
    path: Path | str,
    labels: Path | str | None = None,
    classes: Classes = None,
    white: float | None = None,
    notice: Notice = ignore,
    only: Collection[str] = (),
) -> ImageData[Samples]:
    """Reads images and labels from NumPy's files: an `.npz`, a folder of `.npy` files, or a pair of them with `labels`.

    In an `.npz` or a folder, arrays are found by their names: `x_train`, `y_train`, `x_test`, `y_test`, or
    `train_images`, `train_labels` and so on; or `images` and `labels`, or `x` and `y`, which have no splits. Arrays
    with other names are not used. Images of bytes in an `.npy` stay on disk until they are used.

    SVHN's and EMNIST's `.mat` files, the binary files of STL-10, and HDF5 files are read as they are published.

    Args:
        white: The number that means white. When None, numbers from 0 to 1 are told from those from 0 to 255 where
            that is certain.
        notice: Receives a line when all images are dark.
        only: The splits to read, and no others need to be there; without it all, of which there must be `train`.
    """
    place = expanded(path)
    published = published_arrays(place, only) if labels is None else None
    if published is not None:
        data = labelled_images(published.images, published.labels, classes, white, str(place), notice)
        not_used = unused.in_other_arrays(place, sum(published.unused.values()), list(published.unused))
        return replace(data, unused=(*data.unused, *not_used))
    files = _files_of(place) if labels is None else {}
    stored = _pair(place, labels) if labels is not None else _by_split(files, place, only)
    for split, of in stored.items():
        count = image_shape(of["images"].shape, of["images"].name)[0]
        if of["labels"].shape[:1] != (count,):
            labelled = of["labels"].shape[0] if of["labels"].shape else 0
            raise DataError(
                f"{place} has {counted(count, f'{split} image')} and {counted(labelled, 'label')}",
                "expected one for each image",
            )
    require_memory(sum(_memory(array) for of in stored.values() for array in of.values()), f"{place} holds arrays")
    labels_of, images_of = ({split: _read(of[kind]) for split, of in stored.items()} for kind in ("labels", "images"))
    data = labelled_images(images_of, labels_of, classes, white, str(place), notice)
    used = {(array.file, array.member) for of in stored.values() for array in of.values()}
    others = [name for name, file in files.items() if file not in used]
    return replace(data, unused=(*data.unused, *unused.other_arrays(place, others)))


def holds_arrays(path: Path) -> bool:
    """Whether a file or folder is one that this source reads, by its names."""
    if not path.is_dir():
        return path.suffix.lower() in (".npz", ".mat", *hdf5.SUFFIXES)
    roles = [_role(file.stem) for file in path.glob("*.npy")]
    if any(roles) or (path / "train_X.bin").is_file():
        return True
    published = any(file for suffix in (".mat", *hdf5.SUFFIXES) for file in path.glob(f"*{suffix}"))
    return published and not FolderInventory(path, {}).images()  # beside images, they are somebody's labels or weights


def _memory(array: _Stored) -> int:
    """What reading it takes: the array itself unless it stays on disk, and its pixels when they are no bytes."""
    if array.dtype == np.uint8:
        return array.size if array.member else 0
    return (array.size if array.member else 0) + array.size // array.dtype.itemsize


def _pair(images: Path, labels: Path | str) -> dict[str, dict[str, _Stored]]:
    files = {"images": existing_file(images), "labels": existing_file(labels)}
    for file in files.values():
        if file.suffix.lower() != ".npy":
            raise DataError(f"{file} is not an .npy file", "the argument labels applies to images in an .npy file")
    return {"train": {kind: _header_of(file) for kind, file in files.items()}}


def _files_of(place: Path) -> dict[str, tuple[Path, str]]:
    """The file and, in an `.npz`, the member of each array in a folder or `.npz`, by its name."""
    if place.is_dir():
        files = sorted(file for file in place.iterdir() if file.suffix.lower() == ".npy")
        return {file.stem: (file, "") for file in files}
    file = existing_file(place)
    if file.suffix.lower() == ".npy":
        raise DataError(f"{file} has images and no labels", "set labels to the .npy file of the labels")
    try:
        with zipfile.ZipFile(file) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
    except Exception as error:  # a broken archive raises nearly anything
        raise _no_npz(file, error) from error
    return {member.removesuffix(".npy"): (file, member.removesuffix(".npy")) for member in members}


def _no_npz(file: Path, error: Exception) -> DataError:
    return DataError(f"{file} cannot be read as an .npz: {error}")


def _header_of(file: Path, member: str = "") -> _Stored:
    try:
        if not member:
            with file.open("rb") as stream:
                return _header(stream, file, "", file.stat().st_size)
        with zipfile.ZipFile(file) as archive, archive.open(f"{member}.npy") as stream:
            return _header(stream, file, member, archive.getinfo(f"{member}.npy").file_size)
    except DataError:
        raise
    except Exception as error:
        if member:
            raise _no_npz(file, error) from error
        raise DataError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _header(stream: IO[bytes], file: Path, member: str, size: int) -> _Stored:
    """What the first bytes say, held against the number of all bytes."""
    name = f"{file}: {member}" if member else str(file)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    except Exception as error:  # a broken header makes NumPy's parser raise nearly anything
        raise DataError(f"{name} is not an array saved by NumPy, or is damaged: {error}") from error
    if dtype.hasobject:
        raise DataError(
            f"{name} holds pickled Python objects; reading them can run any code",
            "save plain arrays: images as numbers, all of one size, and labels as numbers or text",
        )
    array = _Stored(file, member, shape, dtype)
    if stream.tell() + array.size != size:
        raise DataError(
            f"{name} is damaged: {dtype} {shape} takes {array.size:,} bytes, and it has {size - stream.tell():,}"
        )
    return array


def _role(name: str) -> tuple[str, str] | None:
    """Split and kind of an array with this name; an empty split when it names none, and None for other arrays."""
    words = re.split(r"[_\-. ]", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    kinds = [_KINDS[word] for word in words if word in _KINDS]
    splits = [SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS]
    if len(kinds) != 1 or len(splits) > 1 or len(words) > len(kinds) + len(splits):
        return None
    return splits[0] if splits else "", kinds[0]


def _by_split(
    files: Mapping[str, tuple[Path, str]], place: Path, only: Collection[str]
) -> dict[str, dict[str, _Stored]]:
    """The arrays whose names say what they are, by split and kind; the others are not even looked at."""
    arrays = {name: _header_of(*file) for name, file in files.items() if _role(name)}
    names: dict[str, dict[str, str]] = {}
    for name in arrays:
        split, kind = _role(name) or ("", "")
        twin = names.setdefault(split, {}).setdefault(kind, name)
        if twin != name:
            raise DataError(f"{place} has {kind} twice, {twin} and {name}", "keep one of them")
    if "" in names and len(names) > 1:
        raise DataError(f"{place} has {some(sorted(arrays))}: some name a split and some do not", _EXPECTED)
    if "" in names:
        names["train"] = names.pop("")
    names = {split: kinds for split, kinds in names.items() if not only or split in only}
    for split in (split for split in only or ("train",) if split not in names):
        what = "training" if split == "train" else split
        unnamed = "; name them where they are saved: numpy.savez('images.npz', images=…, labels=…)"
        hint = f"{_EXPECTED}{unnamed if 'arr_0' in files else ''}"
        raise DataError(f"{place} has no {what} images; it has {some(list(files)) or 'none'}", hint)
    for split, kinds in names.items():
        lacking = {"images", "labels"} - kinds.keys()
        if lacking:
            raise DataError(f"{place} has {some(list(kinds.values()))} and no {split} {lacking.pop()}", _EXPECTED)
    return {split: {kind: arrays[name] for kind, name in names[split].items()} for split in SPLITS if split in names}


def _read(array: _Stored) -> np.ndarray:
    try:
        if not array.member:
            return np.asarray(np.load(array.file, mmap_mode="r", allow_pickle=False))
        with np.load(array.file, allow_pickle=False) as archive:
            return np.asarray(archive[array.member])
    except MemoryError:
        raise
    except Exception as error:  # and broken contents
        raise DataError(f"{array.name} is damaged: {error}") from error
