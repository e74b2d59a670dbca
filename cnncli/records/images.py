"""Evaluations and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """Predictions for every image of one split, with its metrics.

    Args:
        split: `train`, `validation` or `test`.
        class_names: Class names in the order of the model's outputs.
        images: File of each image, or its index in the source as text.
        labels: True classes as indices, shape `(images,)`, int64.
        probabilities: Probability of each class, shape `(images, classes)`, float32.
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
        """Most probable class of each image as an index, shape `(images,)`, int64."""
        return self.probabilities.argmax(axis=1)  # (images,)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted class, shape `(images,)`, float32."""
        return self.probabilities.max(axis=1)  # (images,)


@dataclass(frozen=True)
class Prediction:
    """Prediction for one image.

    Args:
        image: File of the image, or `-` for standard input.
        class_names: Class names in the order of the probabilities.
        probabilities: One for each class.
        note: Remark on how the image was read; may be empty.
    """

    image: str
    class_names: tuple[str, ...]
    probabilities: tuple[float, ...]
    note: str = ""

    def top(self, count: int) -> list[tuple[str, float]]:
        """The `count` most probable classes with their probabilities, most probable first."""
        ranked = sorted(zip(self.class_names, self.probabilities, strict=True), key=lambda pair: -pair[1])
        return ranked[:count]
