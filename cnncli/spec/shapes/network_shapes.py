"""The shapes of a network, layer by layer: computed once for a command and passed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncli.catalog.layer_traits import MERGES
from cnncli.spec.graph import Node
from cnncli.spec.shapes.output_shape import merge_shape, output_shape
from cnncli.spec.shapes.parameters import parameters_of
from cnncli.spec.shapes.terms import Shape, ShapeError


@dataclass(frozen=True)
class Step:
    """One layer of the network with its shapes, all without the batch."""

    node: Node  # the layer and which layers it takes its inputs from
    input_shapes: tuple[Shape | None, ...]  # one for each input; None where only Keras or the images can tell
    output_shape: Shape | None  # the shape of its output, or None
    shape_error: str = ""  # why the layer cannot take its inputs; empty when it can
    parameters: int | None = None  # number of its weights; None where only Keras can tell


@dataclass(frozen=True)
class NetworkShapes:
    """A network with the shapes of its layers."""

    steps: tuple[Step, ...]  # the layers in order
    image_shape: Shape | None  # (height, width, channels); None where only the images can tell
    classes: int  # number of classes that was assumed

    @property
    def output_shape(self) -> Shape | None:
        """The shape of the model's output, or None."""
        return self.steps[-1].output_shape


def infer_shapes(nodes: Sequence[Node], image_shape: Shape | None, classes: int) -> NetworkShapes:
    """Infers the shapes of a network by arithmetic, without Keras; each layer stands after its inputs."""
    steps: list[Step] = []
    for node in nodes:
        inputs = tuple(steps[index].output_shape if index >= 0 else image_shape for index in node.inputs)
        steps.append(_step(node, inputs, classes))
    return NetworkShapes(tuple(steps), image_shape, classes)


def _step(node: Node, inputs: tuple[Shape | None, ...], classes: int) -> Step:
    layer, shapes = node.entry, [shape for shape in inputs if shape is not None]
    if len(shapes) < len(inputs):
        return Step(node, inputs, None)
    try:
        output = merge_shape(layer, shapes) if layer.name in MERGES else output_shape(layer, shapes[0], classes)
    except ShapeError as error:
        return Step(node, inputs, error.output_shape, str(error))
    return Step(node, inputs, output, parameters=parameters_of(layer, shapes[0], classes))
