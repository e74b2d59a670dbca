"""Tar shards in WebDataset's layout: what each holds, and how it is written, the same bytes every time.

Source:
    A. Aizman et al., "High Performance I/O for Large Scale Deep Learning", 2019; https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from cnncli.data.decode.formats import HEAD, SUFFIXES, format_of
from cnncli.data.files import open_file
from cnncli.data.samples import FileSamples, LabelledImages
from cnncli.errors import DataError

_LONGEST_STEM = 60
_LABEL = 2 * tarfile.BLOCKSIZE  # of a file `.cls`: its header, and a number


@dataclass(frozen=True, slots=True)
class PackedImage:
    """An image that a shard is to hold.

    Args:
        name: As the source calls it.
        suffix: That of its format, with the dot.
        label: Index into the class names.
        size: Bytes.
        mark: Changes with its contents.
        read: Gives its bytes.
    """

    name: str
    suffix: str
    label: int
    size: int
    mark: str
    read: Callable[[], bytes]

    @property
    def stem(self) -> str:
        """A part of its name that any file system and tar program takes; a dot would begin the suffix."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", PurePosixPath(self.name).stem)[:_LONGEST_STEM]

    @property
    def size_in_tar(self) -> int:
        """Bytes that it and its label take."""
        return tarfile.BLOCKSIZE + -(-self.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE + _LABEL


@dataclass(frozen=True)
class Shard:
    """A shard: its name, the number of its first image within the split, and its images."""

    name: str
    first: int
    images: Sequence[PackedImage]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        content = sum(image.size_in_tar for image in self.images) + 2 * tarfile.BLOCKSIZE  # the end of an archive
        return -(-content // tarfile.RECORDSIZE) * tarfile.RECORDSIZE

    @property
    def digest(self) -> str:
        """Another one as soon as an image, its label or its place changes."""
        digest = hashlib.blake2b(f"1 {self.name} {self.first}".encode(), digest_size=12)
        for each in self.images:
            digest.update(f"\0{each.name}\0{each.suffix}\0{each.label}\0{each.size}\0{each.mark}".encode())
        return digest.hexdigest()

    def write(self, path: Path, on_image: Callable[[], None]) -> None:
        """Writes the file; `on_image` is called after each image.

        Raises:
            DataError: An image has changed, or cannot be read any more.
            OSError: The file cannot be written.
        """
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for number, image in enumerate(self.images, start=self.first):
                content = image.read()
                if len(content) != image.size:
                    raise DataError(f"{image.name} changes while it is packed", "pack it when nobody writes to it")
                _add(archive, f"{number:08d}-{image.stem}{image.suffix}", content)
                _add(archive, f"{number:08d}-{image.stem}.cls", str(image.label).encode())
                on_image()


def shards_of(split: str, images: Sequence[PackedImage], most: int) -> Iterator[Shard]:
    """The images of a split in files of at most this many bytes, unless an image alone is larger."""
    start = size = number = 0
    for at, image in enumerate(images):
        if at > start and size + image.size_in_tar > most:
            yield Shard(f"{split}-{number:06d}.tar", start, images[start:at])
            start, size, number = at, 0, number + 1
        size += image.size_in_tar
    if images:
        yield Shard(f"{split}-{number:06d}.tar", start, images[start:])


def in_random_order(images: int) -> np.ndarray:
    """Indices of so many images, int64, in the same random order with every version of NumPy."""
    return np.argsort(np.random.Philox(key=np.zeros(2, np.uint64)).random_raw(images), kind="stable")


def images_to_pack(samples: LabelledImages) -> list[PackedImage]:
    """The images of a split: files as they are, the pixels of arrays as PNG.

    Raises:
        DataError: A file is not there any more.
    """
    labels = samples.labels.tolist()
    if isinstance(samples, FileSamples) and samples.shards is not None:
        return [_packed(samples, name, label) for name, label in zip(samples.names, labels, strict=True)]
    if isinstance(samples, FileSamples):
        return [_file(samples.root / name, name, label) for name, label in zip(samples.names, labels, strict=True)]
    return [_array(samples, index, label) for index, label in enumerate(labels)]


def _file(path: Path, name: str, label: int) -> PackedImage:
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from error
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        with open_file(path, name) as file:
            kind = format_of(file.read(HEAD))
        suffix = kind.suffixes[0] if kind else suffix
    return PackedImage(name, suffix, label, state.st_size, str(state.st_mtime_ns), partial(_content, path, name))


def _packed(samples: FileSamples, name: str, label: int) -> PackedImage:
    """An image that is in a shard on a server already."""
    assert samples.shards is not None
    size, mark = samples.shards.size(name), samples.shards.content(name)
    return PackedImage(name, PurePosixPath(name).suffix, label, size, mark, samples.shards.part(name).read)


def _content(path: Path, name: str) -> bytes:
    try:
        with open_file(path, name) as file:
            return file.read()
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from error


def _array(samples: LabelledImages, index: int, label: int) -> PackedImage:
    pixels = samples.read(np.array([index]))[0]
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    content = file.getvalue()
    mark = hashlib.blake2b(content, digest_size=12).hexdigest()
    return PackedImage(samples.names[index], ".png", label, len(content), mark, lambda: content)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)  # of nobody, at no time
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
