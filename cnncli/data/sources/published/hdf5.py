"""HDF5 files with arrays of images and labels, as courses, PatchCamelyon and USPS have them; h5py comes with Keras."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from math import isqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnncli.data.memory import require_memory
from cnncli.data.names.split_names import SPLIT_WORDS
from cnncli.errors import DataError
from cnncli.wording import some

SUFFIXES = (".h5", ".hdf5")

_KINDS = {
    **dict.fromkeys(("x", "image", "images", "data"), "images"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets"), "labels"),
}
_NAMES = ("list_classes", "class_names", "classes")
_FILTERS = {1, 2, 3, 5, 6, 32000}  # deflate, shuffle, checksum, fewer bits, scaled, LZF
_EXPECTED = "expected images and labels, such as train_set_x and train_set_y, or save them as an .npz"


class Contents(NamedTuple):
    """Images and labels of each split, and the names of the labels 0, 1 …, if the files have any."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]


def hdf5_arrays(files: Sequence[Path], only: Collection[str]) -> Contents:
    """The arrays of one or more files: what each is, is in its name or in that of its file.

    Raises:
        DataError: A file is damaged, or has no arrays of images and labels.
    """
    arrays: dict[tuple[str, str], np.ndarray] = {}
    names: list[str] = []
    seen: list[str] = []
    for file in files:
        for name, array in _arrays(file):
            seen.append(f"{file.name}: {name}")
            if name.rpartition("/")[2] in _NAMES:
                names = [one.decode() if isinstance(one, bytes) else str(one) for one in array.tolist()]
                continue
            kind, split = _role(name, file.stem)
            if kind and (not only or split in only):
                if (kind, split) in arrays:
                    raise DataError(f"{file} has a second array of {split} {kind}, {name}", "keep one of them")
                arrays[kind, split] = array
    splits = [split for kind, split in arrays if kind == "images"]
    for split in only or ("train",):
        if split not in splits:
            raise DataError(f"{files[0]} has no {split} images; there are {some(seen) or 'no arrays'}", _EXPECTED)
    if lacking := [split for split in splits if ("labels", split) not in arrays]:
        raise DataError(f"{files[0]} has no {lacking[0]} labels; there are {some(seen)}", _EXPECTED)
    labels = {split: _named(arrays["labels", split], names) for split in splits}
    return Contents({split: _as_squares(arrays["images", split]) for split in splits}, labels)


def _arrays(file: Path) -> Iterator[tuple[str, np.ndarray]]:
    import h5py

    try:
        with h5py.File(file, "r") as content:
            found: dict[str, Any] = {}
            content.visititems(
                lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None
            )
            for name, item in found.items():
                _require_own_numbers(file, name, item)
                require_memory(item.nbytes, f"{file}: {name} is an array")
                yield name, np.asarray(item[()])
    except (OSError, RuntimeError, KeyError) as error:
        raise DataError(f"{file} cannot be read as an HDF5 file: {error}") from error


def _require_own_numbers(file: Path, name: str, array: Any) -> None:
    """Refuses an array whose numbers are in other files, or are unpacked by a plug-in; links are never followed."""
    stored = array.id.get_create_plist()
    filters = {stored.get_filter(number)[0] for number in range(stored.get_nfilters())}
    if array.external or array.is_virtual or not filters <= _FILTERS:
        raise DataError(
            f"{file}: {name} is an array that is kept in other files, or packed in a way of its own",
            "save the arrays as an .npz",
        )


def _role(name: str, stem: str) -> tuple[str, str]:
    """The kind and the split of an array; both are in its own name rather than in that of its file."""
    words = [re.split(r"[\W_]+", text.lower()) for text in (name, stem)]
    kinds = [_KINDS[word] for of in words for word in reversed(of) if word in _KINDS]
    splits = [SPLIT_WORDS[word] for of in words for word in of if word in SPLIT_WORDS]
    return (kinds or [""])[0], (splits or ["train"])[0]


def _named(labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    labels = labels.reshape(len(labels), -1) if labels.ndim > 2 else labels.T if labels.shape[:1] == (1,) else labels
    if labels.dtype.kind == "O":  # text of any length
        labels = labels.astype(np.str_) if isinstance(labels.flat[0], str) else np.char.decode(labels.astype(np.bytes_))
    flat = labels.ravel()
    fits = (
        flat.dtype.kind in "iu"
        and len(flat) == len(labels)
        and len(flat)
        and 0 <= flat.min() <= flat.max() < len(names)
    )
    return np.array(names)[flat] if fits else labels


def _as_squares(images: np.ndarray) -> np.ndarray:
    """Rows of pixels as grey squares, where they are that long; other arrays as they are."""
    side = isqrt(images.shape[1]) if images.ndim == 2 else 0
    return images.reshape(-1, side, side) if side and side * side == images.shape[1] else images
