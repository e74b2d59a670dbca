"""IDX, the format of MNIST: four files of images and labels, gzipped or not."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from cnncli.data.inventory.location import existing_folder
from cnncli.data.memory import require_memory
from cnncli.data.names.classes import Classes
from cnncli.data.names.labels import labelled_images
from cnncli.data.samples import ImageData, Samples
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.wording import counted, dimensions, some

_NAME = re.compile(r"(.*?)(train|t10k|test)[-_.](images|labels)[-_.]idx([1-4])[-_.]ubyte(\.gz)?", re.IGNORECASE)
_EXPECTED = "expected train-images-idx3-ubyte and train-labels-idx1-ubyte, and the same with t10k or test; or with .gz"
_BYTES = 0x08
_OTHER_TYPES = {0x09: "signed bytes", 0x0B: "16-bit numbers", 0x0C: "32-bit numbers", 0x0D: "floats", 0x0E: "doubles"}


def load(
    path: Path | str,
    classes: Classes = None,
    white: float | None = None,
    notice: Notice = ignore,
    only: Collection[str] = (),
) -> ImageData[Samples]:
    """Reads the four files of MNIST, or of one of the many data sets made in its likeness.

    They are called `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    `t10k-labels-idx1-ubyte`, with dots or dashes, with `.gz` or without; where a file is there in both forms, the one
    without is read. Those of the test may be missing. `white`, `notice` and `only` are those of `arrays.load`.
    """
    folder = existing_folder(path)
    files = _files(folder, only)
    images, labels = {}, {}
    for split, of in files.items():
        images[split] = read_idx(of["images"], axes=(3, 4))
        labels[split] = read_idx(of["labels"], axes=(1,))
        count, other = len(images[split]), len(labels[split])
        if count != other:
            raise DataError(
                f"{of['images']} has {counted(count, 'image')} and {of['labels'].name} {counted(other, 'label')}",
                "the two files do not belong together",
            )
    return labelled_images(images, labels, classes, white, str(folder), notice)


def is_idx_name(name: str) -> bool:
    """Whether a file is called as those of MNIST are."""
    return bool(_NAME.fullmatch(name))


def holds_idx(folder: Path) -> bool:
    """Whether a folder has such files."""
    return any(is_idx_name(file.name) for file in folder.iterdir())


def _files(folder: Path, only: Collection[str]) -> dict[str, dict[str, Path]]:
    files_of: dict[tuple[str, str], dict[str, Path]] = {}
    for file in sorted(folder.iterdir()):  # a name comes before itself with .gz
        if match := _NAME.fullmatch(file.name):
            split = "train" if match[2].lower() == "train" else "test"
            files_of.setdefault((match[1], split), {}).setdefault(match[3].lower(), file)
    prefixes = sorted({prefix for prefix, _ in files_of})
    if len(prefixes) > 1:
        raise DataError(f"{folder} has several data sets: {some([prefix or 'one' for prefix in prefixes])}", _EXPECTED)
    splits = {split: files for (_, split), files in files_of.items() if not only or split in only}
    missing = [f"{split} {kind}" for split in splits for kind in ("images", "labels") if kind not in splits[split]]
    missing += [f"{split} images" for split in only or ("train",) if split not in splits]
    if missing:
        raise DataError(f"{folder} has no file of the {some(missing)}", _EXPECTED)
    return {split: splits[split] for split in ("train", "test") if split in splits}


def read_idx(file: Path, axes: tuple[int, ...]) -> np.ndarray:
    """The bytes of a file, uint8, when its header is right, with one of these numbers of axes, and so is its length."""
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as opened:
            stream = cast(BinaryIO, opened)
            shape = _shape(stream, file, axes)
            size = math.prod(shape)
            require_memory(size, f"{file} claims to hold {dimensions(shape)} bytes")
            data = stream.read(size)
            more = stream.read(1)
    except EOFError as error:
        raise DataError(f"{file} is cut off: the end of the gzip archive is missing") from error
    except (OSError, zlib.error) as error:  # OSError: what the system says, and BadGzipFile
        raise DataError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) < size or more:
        number = "more" if more else f"{len(data):,}"
        raise DataError(f"{file} is damaged: its header says {size:,} bytes ({shape}), and there are {number}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(stream: BinaryIO, file: Path, axes: tuple[int, ...]) -> tuple[int, ...]:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in (_BYTES, *_OTHER_TYPES):
        raise DataError(f"{file} is not an IDX file: it does not begin with two zeros and a type")
    if head[2] != _BYTES:
        raise DataError(f"{file} holds {_OTHER_TYPES[head[2]]}", "expected unsigned bytes, as in MNIST")
    if head[3] not in axes:
        expected = " or ".join(map(str, axes))
        raise DataError(f"{file} has {head[3]} axes, and {expected} were expected", "are images and labels mixed up?")
    lengths = stream.read(4 * head[3])
    if len(lengths) < 4 * head[3]:
        raise DataError(f"{file} is cut off within its header")
    return tuple(np.frombuffer(lengths, ">u4").tolist())
