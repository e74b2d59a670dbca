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
        stage: that it belongs to, counted from 1; 0 in a training without stages.
    """

    number: int
    metrics: Mapping[str, float]
    learning_rate: float
    seconds: float
    stage: int = 0


@dataclass(frozen=True)
class StageBegun:
    """What a stage of a training begins with.

    Args:
        number: of the stage, counted from 1.
        count: of all stages.
        frozen: layers that learned until now, and learn no more.
        thawed: layers that did not learn until now.
        learning_rate: in the first step.
        schedule: that the learning rate follows; empty when it stays as it is.
        trainable: parameters that learn.
        parameters: all of them.
    """

    number: int
    count: int
    frozen: int
    thawed: int
    learning_rate: float
    schedule: str
    trainable: int
    parameters: int


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
class Reproduction:
    """What came of training a run again.

    Args:
        run: the folder of the run.
        again: the folder of the new one.
        difference: the first one there is, such as `epoch 3: loss was 0.5, now 0.6`; empty when there is none.
        circumstances: what was not as before and could explain it, such as `tensorflow 2.21.0, now 2.22.0`.
    """

    run: str
    again: str
    difference: str
    circumstances: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether every epoch, the weights and the predictions are the same to the last bit."""
        return not self.difference


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
class LoadedLayer:
    """What became of one layer of the model when weights were loaded before the training.

    Args:
        name: in the model.
        parameters: how many it has.
        why: it was not loaded; empty when it was.
    """

    name: str
    parameters: int
    why: str = ""


@dataclass(frozen=True)
class LoadedWeights:
    """What a training began with.

    Args:
        source: where it came from: `imagenet`, a file, or the folder of a run.
        layers: of the model, those with parameters, in order.
        unused: layers that are there and that the model has no use for.
    """

    source: str
    layers: tuple[LoadedLayer, ...]
    unused: tuple[str, ...] = ()

    @property
    def loaded(self) -> tuple[LoadedLayer, ...]:
        """The layers that were loaded."""
        return tuple(layer for layer in self.layers if not layer.why)

    @property
    def skipped(self) -> tuple[LoadedLayer, ...]:
        """The layers that begin anew."""
        return tuple(layer for layer in self.layers if layer.why)


@dataclass(frozen=True)
class LayerRow:
    """One line of a model's summary; figures are for one image.

    Args:
        name: the layer's name in the model.
        kind: its Keras class.
        details: the arguments that tell it from others of its kind: `3×3, stride 2, relu`; may be empty.
        output_shape: without the batch.
        parameters: all weights; `trainable` of them are trained, `frozen` ones would be if the spec did not forbid it.
        macs: multiplications with an addition; None where this kind of layer cannot be counted.
        flops: additions and multiplications, those of pools, normalisation and activations included.
        receptive_field: height and width in pixels of the image that one value of the output depends on; `image` when
            it is all of it, None when it is not known.
        activation_bytes: memory of the output; of a model inside, of all outputs in it.
        kept_bytes: what backpropagation keeps of it until the layer's turn comes.
        inputs: the rows whose output it takes, by index; -1 is the image.
        path: where the layer stands in the spec; empty for what cnncli adds.
        inside: the layers of a model that is used as one layer; `inputs` count among themselves.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    macs: int | None
    flops: int = 0
    frozen: int = 0
    details: str = ""
    receptive_field: tuple[int, ...] | Literal["image"] | None = None
    activation_bytes: int = 0
    kept_bytes: int = 0
    inputs: tuple[int, ...] = ()
    path: tuple[str | int, ...] = ()
    inside: tuple[LayerRow, ...] = ()


@dataclass(frozen=True)
class TrainingMemory:
    """What one training step holds in memory, in bytes; TensorFlow itself and the images that wait come on top.

    Args:
        batch_size: images in one step.
        weights: all of them.
        gradients: one value for each trained weight.
        optimizer: its moments and whatever else it keeps.
        activations: what backpropagation keeps of the whole batch.
        working: the largest layer's input and output once more, for their gradients.
    """

    batch_size: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    working: int

    @property
    def total(self) -> int:
        """All of it together."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.working


@dataclass(frozen=True)
class ModelSummary:
    """A model layer by layer.

    Args:
        rows: each after those whose output it takes.
        input_shape: `(height, width, channels)`.
        weight_bytes: memory that the weights take.
        training: memory of a training step; None where nobody said how the model is trained.
    """

    rows: tuple[LayerRow, ...]
    input_shape: tuple[int, int, int]
    weight_bytes: int
    training: TrainingMemory | None = None

    @property
    def parameters(self) -> int:
        """All weights of the model."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable(self) -> int:
        """Weights that training changes."""
        return sum(row.trainable for row in self.rows)

    @property
    def frozen(self) -> int:
        """Weights that training would change, but must not."""
        return sum(row.frozen for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiplications with an addition for one image."""
        return sum(row.macs or 0 for row in self.rows)

    @property
    def flops(self) -> int:
        """Additions and multiplications for one image."""
        return sum(row.flops for row in self.rows)

    @property
    def uncounted(self) -> tuple[LayerRow, ...]:
        """The layers whose multiplications nobody knows; they are missing in `macs` and `flops`."""
        return tuple(row for row in self.rows if row.macs is None)


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
