"""What the rules ask about a spec, worked out once: shapes, classes, images, steps, and what each layer is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from cnncli.catalog.entries import Entry
from cnncli.errors import Path
from cnncli.spec.known import known
from cnncli.spec.rules import SOME_CLASSES
from cnncli.spec.schema import Spec
from cnncli.spec.shapes import DoesNotFit, Shape, follow

CONVOLUTIONS = {"Conv2D", "SeparableConv2D", "DepthwiseConv2D"}
POOLS = {"MaxPooling2D", "AveragePooling2D"}
DROPOUTS = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"}
NORMALIZATIONS = {
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
}
RESHAPING = {"Flatten", "Identity", "Permute", "Reshape"}
AVERAGING = {"AveragePooling2D", "GlobalAveragePooling2D"}

_WEIGHTED = ("Conv", "Dense", "DepthwiseConv", "SeparableConv")
_ACTIVATION_LAYERS = {
    "ELU": "elu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ReLU": "relu",
    "Softmax": "softmax",
}


def is_weighted(layer: Entry) -> bool:
    """Whether a layer is a convolution or Dense."""
    return layer.name.startswith(_WEIGHTED)


def activation_of(layer: Entry) -> str | None:
    """The activation a layer ends in, `linear` for a weighted one without; None for layers that have none."""
    if layer.name in _ACTIVATION_LAYERS:
        return _ACTIVATION_LAYERS[layer.name]
    return layer.get("activation") or ("linear" if is_weighted(layer) else None)


def is_activation(layer: Entry) -> bool:
    """Whether a layer does nothing but apply an activation."""
    return layer.name in _ACTIVATION_LAYERS or (layer.name == "Activation" and layer.get("activation") != "linear")


def layer_path(index: int, *more: str) -> Path:
    """The path of a layer, or of something inside it."""
    return ("model", "layers", index, *more)


@dataclass(frozen=True)
class Step:
    """One layer with the shapes around it.

    Args:
        index: of the layer.
        layer: as checked.
        given: the shape it takes, without the batch.
        result: the shape it gives; None when only Keras knows it.
    """

    index: int
    layer: Entry
    given: Shape
    result: Shape | None


@dataclass(frozen=True)
class Facts:
    """What is known about a spec without Keras and without its images.

    Args:
        spec: as checked.
        steps: the layers with their shapes, as far as these are known.
        classes: number of classes; None where only the images tell.
        images: number of training images, those for validation taken off; None where only the images tell.
    """

    spec: Spec
    steps: tuple[Step, ...]
    classes: int | None
    images: int | None

    @property
    def layers(self) -> Sequence[Entry]:
        """The layers, in order."""
        return self.spec.model.layers

    @property
    def output(self) -> Shape | None:
        """The shape of the model's output, when every layer's shape is known."""
        return self.steps[-1].result if self.steps and len(self.steps) == len(self.layers) else None

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole training; None where only the images tell."""
        if self.images is None:
            return None
        return ceil(self.images / self.spec.train.batch_size) * self.spec.train.epochs

    @property
    def head(self) -> tuple[int, str] | None:
        """Index and activation of the layer that makes the class scores, seen through what stands behind it."""
        behind = RESHAPING | AVERAGING | NORMALIZATIONS | DROPOUTS | {"GaussianNoise", "ActivityRegularization"}
        for index in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[index]
            if layer.name in behind or (layer.name == "Activation" and layer.get("activation") == "linear"):
                continue
            activation = activation_of(layer)
            return (index, activation) if activation else None
        return None


def examine(spec: Spec) -> Facts:
    """Works out the facts of a spec."""
    data = known(spec.data)
    classes = len(data.class_names or SOME_CLASSES)
    steps = []
    try:
        for index, layer, given, result in follow(spec.model.layers, data.shape, classes) if data.shape else ():
            steps.append(Step(index, layer, given, result))
    except DoesNotFit:
        pass  # an error that the rules tell before lint is asked
    number = None if data.class_names is None else classes
    return Facts(spec, tuple(steps), number, _training_images(data.train, spec.data.split.validation))


def _training_images(images: int | None, validation: float | int | str) -> int | None:
    """How many are left when those that validate are taken off."""
    if images is None or isinstance(validation, str):
        return images
    return images - (round(images * validation) if isinstance(validation, float) else validation)
