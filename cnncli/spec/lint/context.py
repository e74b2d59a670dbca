"""What the rules need of a spec, collected once: shapes, classes, images, steps, consumers of each layer."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import AVERAGING, DROPOUTS, NORMALIZATIONS, POOLS, REARRANGING, WEIGHTED
from cnncli.catalog.packages import plugin_layer
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE, Node
from cnncli.spec.schema import Spec
from cnncli.spec.sections.stages import PhaseSpec
from cnncli.spec.shapes.network_shapes import NetworkShapes, Step
from cnncli.spec.static_data_info import StaticDataInfo

_TO_A_GATE = REARRANGING | AVERAGING | POOLS | DROPOUTS | {"UpSampling2D"}
NEVER_NEGATIVE = {"relu", "relu6"}
"""Activations with no value below zero, and none of a gate."""

_ACTIVATION_LAYERS = {"ELU": "elu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ReLU": "relu", "Softmax": "softmax"}


def activation_of(layer: Entry) -> str | None:
    """The activation a layer ends in, `linear` for a weighted one without; None for layers that have none."""
    if layer.name == "ReLU" and layer.get("negative_slope"):
        return "leaky_relu"
    if layer.name in _ACTIVATION_LAYERS:
        return _ACTIVATION_LAYERS[layer.name]
    if plugin_layer(layer.name):  # its arguments mean what its package says
        return None
    return layer.get("activation") or ("linear" if layer.name in WEIGHTED else None)


def is_activation(layer: Entry) -> bool:
    """Whether a layer does nothing but apply an activation."""
    return layer.name in _ACTIVATION_LAYERS or (layer.name == "Activation" and layer.get("activation") != "linear")


def about(node: Node, message: str, argument: str = "") -> Problem:
    """A warning about a layer, at the layer or at one of its arguments."""
    return Problem(node.at(argument), message + node.origin, at_key=not argument)


@dataclass(frozen=True)
class LintContext:
    """What is certain about a spec without Keras."""

    spec: Spec  # the checked spec
    data: StaticDataInfo  # what is known of its images
    shapes: NetworkShapes  # the network with the shapes of its layers, as far as these are known
    consumers: tuple[tuple[int, ...], ...]  # for each layer the layers that take its output

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The layers of the network, in order."""
        return self.spec.model.nodes

    @property
    def steps(self) -> tuple[Step, ...]:
        """The same with their shapes."""
        return self.shapes.steps

    @property
    def classes(self) -> int | None:
        """Number of classes; None where only the images can tell."""
        return None if self.data.class_names is None else self.data.classes

    def only_consumer(self, index: int) -> int | None:
        """The only layer that takes the output of a layer, and takes nothing else; None when there is no such layer."""
        consumers = self.consumers[index]
        alone = len(consumers) == 1 and len(self.nodes[consumers[0]].inputs) == 1
        return consumers[0] if alone else None

    def predecessor(self, index: int) -> int | None:
        """The layer that this one takes its only input from, when no other layer takes it too."""
        inputs = self.nodes[index].inputs
        return inputs[0] if len(inputs) == 1 and inputs[0] != IMAGE and len(self.consumers[inputs[0]]) == 1 else None

    def descendants(self, index: int) -> set[int]:
        """Every layer that depends on the output of a layer."""
        reached = {index}
        for later, node in enumerate(self.nodes):  # each stands after its inputs
            if reached & set(node.inputs):
                reached.add(later)
        return reached - {index}

    def is_gate(self, index: int) -> bool:
        """Whether a layer's output is a factor of a Multiply, perhaps after it was pooled or reshaped to fit."""
        consumers = self.consumers[index]
        layers = [self.nodes[consumer].entry for consumer in consumers]
        if any(layer.name == "Multiply" for layer in layers):
            return True
        through = len(layers) == 1 and (layers[0].name in _TO_A_GATE or is_activation(layers[0]))
        return through and self.is_gate(consumers[0])

    def steps_of(self, phase: PhaseSpec) -> int | None:
        """Steps of a phase of the training; None where only the images or the clock can tell."""
        if self.data.train is None or self.spec.train.max_time is not None:
            return None
        return ceil(self.data.train / self.spec.train.batch_size) * phase.epochs

    @property
    def head(self) -> tuple[int, str] | None:
        """Index and activation of the layer that makes the class scores, past what only rearranges them."""
        behind = REARRANGING | AVERAGING | NORMALIZATIONS | DROPOUTS | {"GaussianNoise", "ActivityRegularization"}
        index = len(self.nodes) - 1
        while index != IMAGE:
            layer = self.nodes[index].entry
            if layer.name in behind or (layer.name == "Activation" and layer.get("activation") == "linear"):
                index = self.nodes[index].inputs[0]
                continue
            activation = activation_of(layer)
            return (index, activation) if activation else None
        return None


def build_context(spec: Spec, data: StaticDataInfo, shapes: NetworkShapes) -> LintContext:
    """Collects what the rules need of a spec."""
    consumers: list[list[int]] = [[] for _ in spec.model.nodes]
    for index, node in enumerate(spec.model.nodes):
        for source in set(node.inputs) - {IMAGE}:
            consumers[source].append(index)
    return LintContext(spec, data, shapes, tuple(map(tuple, consumers)))
