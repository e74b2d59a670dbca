"""The frozen records that the runner returns and the reports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

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


Severity = Literal["error", "warning", "note"]
"""How bad a finding is: training would stop or be wrong; a person should look; good to know."""


@dataclass(frozen=True)
class Affected:
    """What a finding is about: a file, or several that belong together, such as copies of one image.

    Args:
        names: files or folders as the source names them; none when a row of a table is meant.
        detail: what is known of this one: `is cut off: the end of the JPEG is missing`; may be empty.
    """

    names: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing the data doctor found, with everything it is true of.

    Args:
        code: what kind of thing, as docs/doctor.md lists them: `truncated`.
        severity: `error`, `warning` or `note`.
        message: one sentence.
        advice: what to do about it; one sentence, may be empty.
        affected: all of them, in the order of the data.
        exclude: the files to leave out to be rid of it; none when leaving out does not help.
    """

    code: str
    severity: Severity
    message: str
    advice: str = ""
    affected: tuple[Affected, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataReport:
    """What the data doctor says of a source.

    Args:
        source: the folder or table.
        class_names: in the order of the labels.
        counts: images by split and class name, broken ones included.
        formats: readable images by format, most frequent first.
        sizes: width and height of the smallest, the median and the largest readable image; empty when none is.
        findings: most severe first.
        decoded: whether every image was decoded; headers alone tell less.
    """

    source: str
    class_names: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    formats: Mapping[str, int]
    sizes: tuple[tuple[int, int], ...]
    findings: tuple[Finding, ...]
    decoded: bool

    @property
    def images(self) -> int:
        """How many images the source has."""
        return sum(sum(counts.values()) for counts in self.counts.values())

    @property
    def is_wrong(self) -> bool:
        """Whether training would stop, or learn something wrong."""
        return any(finding.severity == "error" for finding in self.findings)
