"""What a model says of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """What a model says of every image of one split.

    Args:
        split: `train`, `validation` or `test`.
        class_names: in the order of the model's outputs.
        images: for each image its file, or its index in the source, as text.
        labels: true classes as indices, shape `(images,)`, int64.
        probabilities: shape `(images, classes)`, float32.
        metrics: `loss` and every metric of the spec.
    """

    split: str
    class_names: tuple[str, ...]
    images: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    metrics: Mapping[str, float]

    @cached_property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image as an index, shape `(images,)`, int64."""
        return self.probabilities.argmax(axis=1)  # (images,)

    @cached_property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class, shape `(images,)`, float32."""
        return self.probabilities.max(axis=1)  # (images,)


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Args:
        image: its file, or `-` for standard input.
        class_names: in the order of the probabilities.
        probabilities: one for each class.
        note: what a person should know about how the image was read; empty when there is nothing.
    """

    image: str
    class_names: tuple[str, ...]
    probabilities: tuple[float, ...]
    note: str = ""

    def top(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable classes with their probabilities, most probable first."""
        ranked = sorted(zip(self.class_names, self.probabilities, strict=True), key=lambda pair: -pair[1])
        return ranked[:count]
