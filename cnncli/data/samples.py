"""Images with their labels and names, in memory, and the splits they form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Samples:
    """Images in a fixed order, each with its label and its name.

    Args:
        images: uint8, shape `(samples, height, width, channels)`; may be read-only.
        labels: int64, shape `(samples,)`; each an index into the class names.
        names: for each image its file, or its index in the source's split, as text.

    Raises:
        ValueError: when the three do not belong together; that is a mistake in the source, not in the user's files.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.images) == len(self.labels) == len(self.names):
            raise ValueError(f"{len(self.images)} images, {len(self.labels)} labels, {len(self.names)} names")
        if self.images.ndim != 4 or self.images.dtype != np.uint8:
            raise ValueError(f"images are {self.images.dtype} of shape {self.images.shape}")
        if self.labels.ndim != 1 or self.labels.dtype != np.int64:
            raise ValueError(f"labels are {self.labels.dtype} of shape {self.labels.shape}")

    @classmethod
    def numbered(cls, images: np.ndarray, labels: np.ndarray) -> Samples:
        """Samples of a source without files: named `0`, `1`, … in their order (4 ms for 60,000)."""
        return cls(images, labels, tuple(map(str, range(len(images)))))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> Samples:
        """The samples at these indices, in the order of the indices; each keeps its name."""
        names = self.names
        return Samples(self.images[indices], self.labels[indices], tuple(names[i] for i in indices.tolist()))


@dataclass(frozen=True)
class ImageData:
    """What a source holds.

    Args:
        class_names: in the order of the labels.
        splits: `train`, and `validation` and `test` where the source has its own.
    """

    class_names: tuple[str, ...]
    splits: Mapping[str, Samples]
