"""Images with their labels and names, in memory or in files, and the splits they form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import numpy as np

from cnncli.data.decode.image import fit_pixels, read_bytes
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.files import Part
from cnncli.data.memory import empty_images
from cnncli.data.threads import each_in_threads
from cnncli.errors import DataError

if TYPE_CHECKING:
    from cnncli.data.remote.shard_set import Shards

_BLOCK = 1024  # images copied at a time, so that no second copy of everything is made
_HINT = "replace or remove it, list it in data.exclude, or train with data.unreadable: exclude"


def with_remedy(error: DataError) -> DataError:
    """The error of a file that cannot be read, with what to do about it where it says nothing."""
    return DataError(error.message, error.hint or _HINT)


class LabelledImages(Protocol):
    """Images in a fixed order, each with its label and its name, wherever they are stored."""

    @property
    def labels(self) -> np.ndarray:
        """int64, shape `(samples,)`; each an index into the class names."""

    @property
    def names(self) -> tuple[str, ...]:
        """For each image its file, or its index in the source's split, as text."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""

    def __len__(self) -> int:
        """How many there are."""

    def take(self, indices: np.ndarray) -> Self:
        """The samples at these indices, in the order of the indices; each keeps its label and its name."""

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The images at these indices: uint8, shape `(len(indices), height, width, channels)`."""


@dataclass(frozen=True)
class Samples:
    """Images in an array."""

    images: np.ndarray  # uint8, shape `(samples, height, width, channels)`; may be read-only
    labels: np.ndarray  # indices into the class names, int64, shape `(samples,)`
    names: tuple[str, ...]  # file of each image, or its index in the split of the source, as text

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise ValueError(f"images are {self.images.dtype} of shape {self.images.shape}")
        _belong_together(len(self.images), self.labels, self.names)

    @classmethod
    def numbered(cls, images: np.ndarray, labels: np.ndarray) -> Samples:
        """Samples of a source without files: named `0`, `1`, … in their order (4 ms for 60,000)."""
        return cls(images, labels, tuple(map(str, range(len(images)))))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> Samples:
        """The samples at these indices, in the order of the indices; each keeps its name."""
        names = self.names
        images = empty_images(len(indices), *self.shape)
        for start in range(0, len(indices), _BLOCK):
            images[start : start + _BLOCK] = self.images[indices[start : start + _BLOCK]]
        return Samples(images, self.labels[indices], tuple(names[i] for i in indices.tolist()))

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The images at these indices, a copy: uint8, shape `(len(indices), height, width, channels)`."""
        return np.asarray(self.images[indices])

    def fitted(self, input_format: InputFormat) -> Samples:
        """The same samples in another size or colour, as files would be read; themselves when nothing changes."""
        if self.shape == input_format.shape:
            return self
        images = _filled(len(self), input_format, lambda index: fit_pixels(self.images[index], input_format).tobytes())
        return Samples(images, self.labels, self.names)


@dataclass(frozen=True)
class FileSamples:
    """Images in files, decoded whenever they are read."""

    root: Path  # the folder that the names start from
    names: tuple[str, ...]  # file of each image: its path from `root` on with forward slashes, or an absolute path
    labels: np.ndarray  # indices into the class names, int64, shape `(samples,)`
    input_format: InputFormat  # size and colour to read the images in
    shards: Shards | None = None  # the tar shards on a server that the files are in, where they are not below `root`

    def __post_init__(self) -> None:
        _belong_together(len(self.names), self.labels, self.names)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image, once it is read."""
        return self.input_format.shape

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path | Part:
        """The file of an image."""
        name = self.names[index]
        return self.root / name if self.shards is None else self.shards.part(name)

    def take(self, indices: np.ndarray) -> FileSamples:
        """The samples at these indices, in the order of the indices; nothing is read."""
        names = tuple(self.names[i] for i in indices.tolist())
        return replace(self, names=names, labels=self.labels[indices])

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Decodes the images at these indices in threads; raises the DataError of the first that cannot be read."""

        names = [self.names[index] for index in indices.tolist()]
        paths = [self.root / name for name in names] if self.shards is None else self.shards.parts(names)

        def image(position: int) -> bytes:
            try:
                return read_bytes(paths[position], self.input_format)
            except DataError as error:
                raise with_remedy(error) from error

        return _filled(len(indices), self.input_format, image)

    def failures(self) -> dict[str, str]:
        """Decodes every image and forgets it; for each that cannot be read its name and what is wrong."""

        def failure(number: int) -> str:
            name = self.names[number]
            try:
                read_bytes(self.path(number), self.input_format, name)
            except DataError as error:
                return error.message.removeprefix(f"{name} ")
            return ""

        failures = each_in_threads(failure, len(self))
        return {name: why for name, why in zip(self.names, failures, strict=True) if why}


@dataclass(frozen=True)
class SampleSubset:
    """A subset, by int64 indices, of images that are too many to copy, such as those mapped from the cache."""

    whole: LabelledImages
    indices: np.ndarray
    labels: np.ndarray

    @cached_property
    def names(self) -> tuple[str, ...]:
        """For each image its file."""
        names = self.whole.names
        return tuple(names[index] for index in self.indices.tolist())

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.whole.shape

    def __len__(self) -> int:
        return len(self.indices)

    def take(self, indices: np.ndarray) -> SampleSubset:
        """The samples at these indices, in the order of the indices; nothing is copied."""
        return SampleSubset(self.whole, self.indices[indices], self.labels[indices])

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The images at these indices, a copy: uint8, shape `(len(indices), height, width, channels)`."""
        return self.whole.read(self.indices[indices])


def _filled(count: int, input_format: InputFormat, image: Callable[[int], bytes]) -> np.ndarray:
    """Images made in threads, each by its position: uint8, shape `(count, height, width, channels)`."""
    images = empty_images(count, *input_format.shape)
    size, room = prod(input_format.shape), images.reshape(-1).data

    def fill(position: int) -> None:
        room[position * size : (position + 1) * size] = image(position)  # without handing on Python's lock

    each_in_threads(fill, count)
    return images


def _belong_together(images: int, labels: np.ndarray, names: tuple[str, ...]) -> None:
    if not images == len(labels) == len(names):
        raise ValueError(f"{images} images, {len(labels)} labels, {len(names)} names")
    if labels.ndim != 1 or labels.dtype != np.int64:
        raise ValueError(f"labels are {labels.dtype} of shape {labels.shape}")


Images = TypeVar("Images", bound=LabelledImages, covariant=True)


@dataclass(frozen=True)
class Unused:
    """Images of a source that no split has, for one reason."""

    reason: str  # the reason in a word, as data.json has it: `other-classes`, `excluded` …
    count: int  # how many there are
    message: str  # what a person is told: one sentence
    files: Mapping[str, str] = field(default_factory=dict)  # those that cannot be read, each with what is wrong


@dataclass(frozen=True)
class ImageData(Generic[Images]):
    """What a source holds.

    Args:
        class_names: Names of the classes in the order of the labels; training images show each of them.
        splits: `train`, and the source's own `validation` and `test`, which may lack images of a class.
        unused: Images that no split has.
        foreign: For a split, the classes that the training images lack, and the number of images of each; none of them
            is in the split.
        groups: For each split, the group of each image as the source names it; empty where it names none.
    """

    class_names: tuple[str, ...]
    splits: Mapping[str, Images]
    unused: tuple[Unused, ...] = ()
    foreign: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
