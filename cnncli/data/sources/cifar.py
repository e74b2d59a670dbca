"""CIFAR-10 and CIFAR-100 in the binary version of their authors: rows of label bytes and 3,072 pixel bytes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from cnncli.data.inventory.location import existing_folder
from cnncli.data.names.classes import Classes, in_classes
from cnncli.data.samples import ImageData, Samples
from cnncli.errors import DataError
from cnncli.wording import some

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_FOLDERS = ("cifar-10-batches-bin", "cifar-100-binary")


def load(
    path: Path | str,
    classes: Classes = None,
    labels: Literal["fine", "coarse"] = "fine",
    only: Collection[str] = (),
) -> ImageData[Samples]:
    """Reads the binary version of CIFAR-10 or CIFAR-100, unpacked, with 100 `fine` classes or 20 `coarse` ones.

    The folder has `data_batch_1.bin` … `test_batch.bin` and `batches.meta.txt`, or `train.bin`, `test.bin` and
    `fine_label_names.txt`; or it is the folder around that one. `only` is that of `arrays.load`.

    Source:
        A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
    """
    folder = existing_folder(path)
    inner = [folder / name for name in _FOLDERS if (folder / name).is_dir()]
    folder = inner[0] if len(inner) == 1 else folder
    wanted = only or ("train", "test")
    if (folder / "train.bin").is_file() or (only and (folder / "test.bin").is_file()):
        names = _names(folder / f"{labels}_label_names.txt", 100 if labels == "fine" else 20)
        splits = {
            split: _samples([folder / f"{split}.bin"], names, label_bytes=2, label_at=1 if labels == "fine" else 0)
            for split in wanted
        }
    else:
        names = _names(_batch_file(folder, "batches.meta.txt"), 10)
        files = {"train": [f"data_batch_{number}.bin" for number in range(1, 6)], "test": ["test_batch.bin"]}
        batches = {split: [_batch_file(folder, name) for name in files[split]] for split in wanted}
        splits = {split: _samples(of, names, label_bytes=1, label_at=0) for split, of in batches.items()}
    return in_classes(ImageData(names, splits), classes, str(folder))


def holds_batches(folder: Path) -> bool:
    """Whether a folder has the files of CIFAR, binary ones or the pickled ones of Python."""
    names = {file.name for file in folder.iterdir()}
    return (
        any(
            needed <= names
            for needed in (
                {"data_batch_1.bin", "batches.meta.txt"},
                {"data_batch_1", "batches.meta"},
                {"train.bin", "fine_label_names.txt"},
                {"train", "test", "meta"},
            )
        )
        and not (folder / "train").is_dir()
    )


def _batch_file(folder: Path, name: str) -> Path:
    if (folder / name).is_file():
        return folder / name
    if (folder / "data_batch_1").is_file() or (folder / "train").is_file() or (folder / "meta").is_file():
        raise DataError(
            f"{folder} holds the Python version of CIFAR, which is pickled: reading it can run any code",
            "unpack the binary version instead, or use the built-in source cifar10 or cifar100",
        )
    there = sorted(file.name for file in folder.iterdir())
    raise DataError(
        f"{folder / name} does not exist; the folder has {some(there) or 'nothing'}",
        "expected the unpacked binary version of CIFAR-10 (data_batch_1.bin …) or CIFAR-100 (train.bin, test.bin)",
    )


def _names(file: Path, count: int) -> tuple[str, ...]:
    try:
        names = tuple(line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} with the class names cannot be read: {error}") from error
    if len(names) != count or len(set(names)) != count:
        raise DataError(f"{file} has {len(set(names))} class names, and {count} were expected")
    return names


def _samples(files: Sequence[Path], names: tuple[str, ...], label_bytes: int, label_at: int) -> Samples:
    images, labels = [], []
    for file in files:
        try:
            data = np.fromfile(file, np.uint8)
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}") from error
        row = label_bytes + _PIXELS
        if not len(data) or len(data) % row:
            raise DataError(f"{file} is damaged: {len(data):,} bytes are not whole rows of {row:,}")
        rows = data.reshape(-1, row)
        of_file = rows[:, label_at]
        if of_file.max() >= len(names):
            first = int(np.argmax(of_file >= len(names)))
            raise DataError(f"{file}: image {first} has the label {of_file[first]}, and there are {len(names)} classes")
        labels.append(of_file.astype(np.int64))
        planes = rows[:, label_bytes:].reshape(-1, 3, _SIDE, _SIDE)
        images.append(planes.transpose(0, 2, 3, 1))  # (images, height, width, channels)
    return Samples.numbered(np.ascontiguousarray(np.concatenate(images)), np.concatenate(labels))
