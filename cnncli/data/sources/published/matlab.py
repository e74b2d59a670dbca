"""Data sets that are published as MATLAB files, as HDF5 or as plain bytes: SVHN, EMNIST, STL-10 and others.

Source:
    Y. Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning", 2011.
    G. Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", 2017.
    A. Coates et al., "An Analysis of Single-Layer Networks in Unsupervised Feature Learning", 2011.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnncli.data.memory import require_memory
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.published import hdf5
from cnncli.errors import DataError
from cnncli.wording import some

_STL10 = 3 * 96 * 96
_NORB = b"\x4c\x3d\x1e"
"""What follows the first byte of the files of small NORB, which says of what type their numbers are."""


class Arrays(NamedTuple):
    """Images `(images, height, width[, channels])` and labels of each split; and what is not used, by file."""

    images: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]
    unused: Mapping[str, int]


def published_arrays(path: Path, only: Collection[str] = ()) -> Arrays | None:
    """The arrays of `.mat` or HDF5, a file or a folder of them, or of `train_X.bin`; None when it is none of these.

    `only` names the splits to read; the training images need not be there then.

    Raises:
        DataError: It is damaged, or none of the data sets that are known.
    """
    if path.is_dir():
        if (path / "train_X.bin").is_file() or (only and (path / "test_X.bin").is_file()):
            return _stl10(path, only)
        if archives := sorted(file for suffix in hdf5.SUFFIXES for file in path.glob(f"*{suffix}")):
            return Arrays(*hdf5.hdf5_arrays(archives, only), {})
        files = sorted(path.glob("*.mat"))
        if len(files) == 1 and "dataset" in (content := _loaded(files[0])):
            return _emnist(files[0], content["dataset"])
        splits = splits_named({file.stem for file in files}) or splits_named({_word(file) for file in files})
        return (
            _svhn({file: splits.get(file.stem, splits.get(_word(file), "")) for file in files}, only) if files else None
        )
    if path.suffix.lower() in hdf5.SUFFIXES and path.is_file():
        return Arrays(*hdf5.hdf5_arrays([path], only), {})
    if path.suffix.lower() != ".mat":
        return None
    content = _loaded(path)
    return _emnist(path, content["dataset"]) if "dataset" in content else _svhn({path: "train"}, only)


def _word(file: Path) -> str:
    return file.stem.partition("_")[0]


def _loaded(file: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    require_memory(file.stat().st_size, f"{file} holds arrays")
    with file.open("rb") as stream:
        if stream.read(4)[1:] == _NORB:
            raise DataError(
                f"{file} is a file of NORB, whose images are pairs of two cameras; it is not a MATLAB file",
                "choose a camera and save its images as an .npz, with images and labels",
            )
    try:
        return dict(loadmat(file, variable_names=["X", "y", "dataset"]))
    except NotImplementedError as error:
        raise DataError(f"{file} is a MATLAB file of version 7.3", "save it with -v7, or as an .npz") from error
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes the parser raise nearly anything
        raise DataError(f"{file} cannot be read as a MATLAB file: {error}") from error


def _svhn(files: Mapping[Path, str], only: Collection[str]) -> Arrays:
    """`X` is (height, width, channels, images), and the label 10 means the digit 0."""
    images, labels, unused = {}, {}, {}
    for file, split in files.items():
        if only and split not in only:
            continue
        content = _loaded(file)
        x, y = content.get("X"), content.get("y")
        if x is None or y is None or x.ndim != 4 or y.size != x.shape[3]:
            raise DataError(
                f"{file} has no X of images (height, width, channels, images) with labels y",
                "expected SVHN's cropped digits or EMNIST; save other arrays as an .npz, and labels of files as a CSV "
                "with the columns file and label",
            )
        if not split:
            unused[file.name] = x.shape[3]
            continue
        images[split] = np.ascontiguousarray(x.transpose(3, 0, 1, 2))  # (images, height, width, channels)
        labels[split] = y.ravel().astype(np.int64) % 10
    for split in (split for split in only or ("train",) if split not in images):
        what = "training" if split == "train" else split
        raise DataError(f"there is no file of {what} images among {some([file.name for file in files])}")
    return Arrays(images, labels, unused)


def _emnist(file: Path, data_set: np.ndarray) -> Arrays:
    """Images are rows of pixels, columns first; labels get the letters and digits of the mapping as names."""
    try:
        content = data_set[0, 0]
        letters = {int(row[0]): "".join(dict.fromkeys(chr(code) for code in row[1:])) for row in content["mapping"]}
        images, labels = {}, {}
        for split in ("train", "test"):
            part = content[split][0, 0]
            pixels = part["images"]
            side = int(pixels.shape[1] ** 0.5)
            images[split] = pixels.reshape(-1, side, side).transpose(0, 2, 1)  # (images, height, width)
            labels[split] = np.array([letters[int(label)] for label in part["labels"].ravel()])
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise DataError(f"{file} has a dataset that is not EMNIST's", "save other arrays as an .npz") from error
    return Arrays({split: np.ascontiguousarray(array) for split, array in images.items()}, labels, {})


def _stl10(folder: Path, only: Collection[str]) -> Arrays:
    """Bytes, columns first; labels count from 1, and `class_names.txt` has their names."""
    names = (folder / "class_names.txt").read_text("utf-8").split() if (folder / "class_names.txt").is_file() else []
    images, labels = {}, {}
    for split in only or ("train", "test"):
        pixels, of = folder / f"{split}_X.bin", folder / f"{split}_y.bin"
        if not only and split == "test" and not pixels.is_file():
            continue
        if not pixels.is_file() or not of.is_file() or pixels.stat().st_size != of.stat().st_size * _STL10:
            raise DataError(f"{pixels} and {of.name} do not fit together", "download STL-10 again")
        array = np.fromfile(pixels, np.uint8).reshape(-1, 3, 96, 96)
        images[split] = np.ascontiguousarray(array.transpose(0, 3, 2, 1))  # (images, height, width, channels)
        numbers = np.fromfile(of, np.uint8).astype(np.int64) - 1
        labels[split] = np.array([names[number] for number in numbers]) if names else numbers
    unlabelled = folder / "unlabeled_X.bin"
    count = unlabelled.stat().st_size // _STL10 if unlabelled.is_file() else 0
    return Arrays(images, labels, {unlabelled.name: count} if count else {})
