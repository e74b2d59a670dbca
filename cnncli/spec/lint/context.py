"""What the rules ask about a spec, worked out once: shapes, classes, images, steps, and what each layer is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from cnncli.catalog.entries import Entry
from cnncli.catalog.packages import plugin_layer
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE, Node
from cnncli.spec.rules import SOME_CLASSES
from cnncli.spec.schema import Spec
from cnncli.spec.shapes import Shape, Step, follow
from cnncli.spec.stages import PhaseSpec
from cnncli.spec.static_data_info import known

CONVOLUTIONS = {"Conv2D", "SeparableConv2D", "DepthwiseConv2D"}
POOLS = {"MaxPooling2D", "AveragePooling2D"}
GLOBAL_POOLS = {"GlobalAveragePooling2D", "GlobalMaxPooling2D"}
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
_TO_A_GATE = RESHAPING | AVERAGING | POOLS | DROPOUTS | {"RepeatVector", "UpSampling2D"}
NEVER_NEGATIVE = {"relu", "relu6"}
"""Activations with no value below zero, and none of a gate."""

_WEIGHTED = re.compile(r"(Depthwise|Separable)?Conv(LSTM)?\dD(Transpose)?|Dense")
_ACTIVATION_LAYERS = {
    "ELU": "elu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ReLU": "relu",
    "Softmax": "softmax",
}


def is_weighted(layer: Entry) -> bool:
    """Whether a layer is a convolution or Dense."""
    return bool(_WEIGHTED.fullmatch(layer.name))


def activation_of(layer: Entry) -> str | None:
    """The activation a layer ends in, `linear` for a weighted one without; None for layers that have none."""
    if layer.name == "ReLU" and layer.get("negative_slope"):
        return "leaky_relu"
    if layer.name in _ACTIVATION_LAYERS:
        return _ACTIVATION_LAYERS[layer.name]
    if plugin_layer(layer.name):  # its arguments mean what its package says
        return None
    return layer.get("activation") or ("linear" if is_weighted(layer) else None)


def is_activation(layer: Entry) -> bool:
    """Whether a layer does nothing but apply an activation."""
    return layer.name in _ACTIVATION_LAYERS or (layer.name == "Activation" and layer.get("activation") != "linear")


def about(node: Node, message: str, argument: str = "") -> Problem:
    """A warning about a layer, at the layer or at one of its arguments."""
    return Problem(node.at(argument), message + node.origin, at_key=not argument)


@dataclass(frozen=True)
class Facts:
    """What is known about a spec without Keras and without its images.

    Args:
        spec: as checked.
        nodes: the layers of the network, in order.
        takers: for each layer the layers that take its result.
        steps: the layers with their shapes, as far as these are known.
        classes: number of classes; None where only the images tell.
        images: number of training images, those for validation taken off; None where only the images tell.
    """

    spec: Spec
    nodes: tuple[Node, ...]
    takers: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]
    classes: int | None
    images: int | None

    @property
    def layers(self) -> Sequence[Entry]:
        """The layers without what they take."""
        return [node.entry for node in self.nodes]

    @property
    def output(self) -> Shape | None:
        """The shape of the model's output, when it is known."""
        return self.steps[-1].result

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Every layer that takes one result with the layer it takes it from."""
        for node in self.nodes:
            if len(node.inputs) == 1 and node.inputs[0] != IMAGE:
                yield self.nodes[node.inputs[0]], node

    def only_consumer(self, index: int) -> int | None:
        """The one layer that takes the result of a layer and nothing else; None when there are others or none."""
        takers = self.takers[index]
        alone = len(takers) == 1 and len(self.nodes[takers[0]].inputs) == 1
        return takers[0] if alone else None

    def above(self, index: int) -> int | None:
        """The layer above, when there is one alone and nothing else takes its result."""
        inputs = self.nodes[index].inputs
        return inputs[0] if len(inputs) == 1 and inputs[0] != IMAGE and len(self.takers[inputs[0]]) == 1 else None

    def below(self, index: int) -> set[int]:
        """Every layer that the result of a layer reaches."""
        found: set[int] = set()
        pending = [index]
        while pending:
            new = set(self.takers[pending.pop()]) - found
            found |= new
            pending.extend(new)
        return found

    def is_gate(self, index: int) -> bool:
        """Whether another result is multiplied by that of a layer, perhaps after its shape was made to fit."""
        names = [self.nodes[consumer].entry.name for consumer in self.takers[index]]
        if "Multiply" in names:
            return True
        through = len(names) == 1 and (names[0] in _TO_A_GATE or is_activation(self.nodes[self.takers[index][0]].entry))
        return through and self.is_gate(self.takers[index][0])

    def steps_of(self, phase: PhaseSpec) -> int | None:
        """Steps of a phase of the training; None where only the images tell."""
        if self.images is None:
            return None
        return ceil(self.images / self.spec.train.batch_size) * phase.epochs

    @property
    def head(self) -> tuple[int, str] | None:
        """Index and activation of the layer that makes the class scores, seen through what stands behind it."""
        behind = RESHAPING | AVERAGING | NORMALIZATIONS | DROPOUTS | {"GaussianNoise", "ActivityRegularization"}
        index = len(self.nodes) - 1
        while index != IMAGE:
            layer = self.nodes[index].entry
            if layer.name in behind or (layer.name == "Activation" and layer.get("activation") == "linear"):
                index = self.nodes[index].inputs[0]
                continue
            activation = activation_of(layer)
            return (index, activation) if activation else None
        return None


def examine(spec: Spec) -> Facts:
    """Works out the facts of a spec."""
    data = known(spec.data)
    nodes, classes = spec.model.nodes, len(data.class_names or SOME_CLASSES)
    takers: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        for source in set(node.inputs) - {IMAGE}:
            takers[source].append(index)
    return Facts(
        spec,
        nodes,
        tuple(map(tuple, takers)),
        tuple(follow(nodes, data.shape, classes)),
        None if data.class_names is None else classes,
        _training_images(data.train, spec.data.split.validation),
    )


def _training_images(images: int | None, validation: float | int | str) -> int | None:
    """How many are left when those that validate are taken off."""
    if images is None or isinstance(validation, str):
        return images
    return images - (round(images * validation) if isinstance(validation, float) else validation)
