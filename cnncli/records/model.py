"""Layers and cost of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cnncli.records.html import html_table


@dataclass(frozen=True)
class LayerRow:
    """One line of a model's summary; figures are for one image.

    Args:
        name: Name of the layer in the model.
        kind: Keras class.
        details: Arguments that distinguish it from others of its class: `3×3, stride 2, relu`; may be empty.
        output_shape: Shape of the output without the batch.
        parameters: Number of weights; `trainable` of them are trained, `frozen` ones are not because of the spec.
        macs: Multiply-accumulate operations; None if they cannot be counted for this class.
        flops: Additions and multiplications, including those of pooling, normalisation and activations.
        receptive_field: Height and width in pixels of the image that one value of the output depends on; `image` for
            all of it, None if unknown.
        activation_bytes: Memory of the output; for a nested model, of all outputs within it.
        kept_bytes: Memory that backpropagation keeps until it reaches the layer.
        inputs: Indices of the rows whose output it takes; -1 is the image.
        path: Key path of the layer in the spec; empty for layers that cnncli adds.
        inside: Layers of a nested model; their `inputs` are indices among themselves.
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
    """Memory of one training step in bytes, without TensorFlow itself and the image queue.

    Args:
        batch_size: Images in one step.
        weights: All weights.
        gradients: One value for each trained weight.
        optimizer: Moments and other state of the optimizer.
        activations: Activations of the whole batch that backpropagation keeps.
        working: Gradients of the largest layer's input and output.
    """

    batch_size: int
    weights: int
    gradients: int
    optimizer: int
    activations: int
    working: int

    @property
    def total(self) -> int:
        """Sum of all."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.working


@dataclass(frozen=True)
class ModelSummary:
    """A model layer by layer; shows itself as a table in a notebook.

    Args:
        rows: Layers, each after those whose output it takes.
        input_shape: `(height, width, channels)`.
        weight_bytes: Memory of the weights.
        training: Memory of a training step; None if the training is unknown.

    Example:
        >>> import cnncli
        >>> model = cnncli.summary(cnncli.load_spec("mnist.yaml"))
        >>> model.parameters, model.macs, model.rows[-1].name
        (1970, 1960, 'dense_1')
    """

    rows: tuple[LayerRow, ...]
    input_shape: tuple[int, int, int]
    weight_bytes: int
    training: TrainingMemory | None = None

    def _repr_html_(self) -> str:
        headings = ("layer", "kind", "output", "parameters", "multiply-adds", "receptive field")
        values = ((r.name, r.kind, r.output_shape, r.parameters, r.macs, r.receptive_field) for r in self.rows)
        return html_table(headings, [["?" if value is None else str(value) for value in row] for row in values])

    @property
    def layers(self) -> tuple[LayerRow, ...]:
        """Layers of the spec, without those that cnncli adds to prepare the pixels."""
        return tuple(row for row in self.rows if row.path)

    @property
    def parameters(self) -> int:
        """Number of weights of the model."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable(self) -> int:
        """Number of weights that training changes."""
        return sum(row.trainable for row in self.rows)

    @property
    def frozen(self) -> int:
        """Number of weights that the spec freezes."""
        return sum(row.frozen for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations for one image."""
        return sum(row.macs or 0 for row in self.rows)

    @property
    def flops(self) -> int:
        """Additions and multiplications for one image."""
        return sum(row.flops for row in self.rows)

    @property
    def uncounted(self) -> tuple[LayerRow, ...]:
        """Layers whose operations cannot be counted; `macs` and `flops` lack them."""
        return tuple(row for row in self.rows if row.macs is None)
