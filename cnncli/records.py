"""The frozen records that the runner returns and the reports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    Args:
        number: counts from 1.
        metrics: `loss`, `accuracy`, … of the training, and `val_loss`, `val_accuracy`, … of the validation images.
        learning_rate: the optimizer's, at the end of the epoch.
        seconds: wall time of training and validation together.
    """

    number: int
    metrics: Mapping[str, float]
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class History:
    """All epochs of a training, and which of them was best.

    Args:
        epochs: in order; may be empty when a training is interrupted early.
        monitor: the metric that chooses the best epoch, such as `val_accuracy`.
        best: number of the best epoch, counted from 1; 0 when there is none.
    """

    epochs: tuple[Epoch, ...]
    monitor: str
    best: int

    def best_epoch(self) -> Epoch | None:
        """The epoch whose weights are kept, or None when no epoch was finished."""
        return next((epoch for epoch in self.epochs if epoch.number == self.best), None)


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


@dataclass(frozen=True)
class LayerRow:
    """One line of a model's summary.

    Args:
        name: the layer's name in the model.
        kind: its Keras class.
        output_shape: without the batch.
        parameters: all weights; `trainable` of them are trained.
        macs: multiplications with an addition for one image; 0 where the layer has none to speak of.
        index: its place in `model.layers`, or None for what cnncli adds.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    macs: int
    index: int | None


@dataclass(frozen=True)
class ModelSummary:
    """A model layer by layer.

    Args:
        rows: in the order of the layers.
        input_shape: `(height, width, channels)`.
        weight_bytes: memory that the weights take.
    """

    rows: tuple[LayerRow, ...]
    input_shape: tuple[int, int, int]
    weight_bytes: int

    @property
    def parameters(self) -> int:
        """All weights of the model."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable(self) -> int:
        """Weights that training changes."""
        return sum(row.trainable for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiplications with an addition for one image."""
        return sum(row.macs for row in self.rows)
