"""What a model consists of and costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
    def layers(self) -> tuple[LayerRow, ...]:
        """Those of the spec, without what cnncli puts before them to prepare the pixels."""
        return tuple(row for row in self.rows if row.path)

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
