"""Follows the shape of an image through the network, with arithmetic only.

Keras knows every layer exactly but takes seconds to load. Most networks are made of a dozen kinds of layers whose
shapes are easy, and knowing those is enough to find the usual mistakes at once. Where a layer is not known here the
shape is `None` for all that follows from it, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnncli.catalog.names import MERGES
from cnncli.spec.graph import Node
from cnncli.spec.shapes.layers import SAME_SHAPE, after, parameters
from cnncli.spec.shapes.merges import merged
from cnncli.spec.shapes.terms import DoesNotFit, Shape, kernel_of, pair, times, units_of

__all__ = [
    "SAME_SHAPE",
    "DoesNotFit",
    "Shape",
    "Step",
    "after",
    "follow",
    "kernel_of",
    "merged",
    "pair",
    "parameters",
    "summarize_shapes",
    "times",
    "units_of",
]


@dataclass(frozen=True)
class Step:
    """One layer of the network with the shapes around it.

    Args:
        index: of the layer among the nodes.
        node: the layer.
        given: the shapes that it takes, without the batch; None for one that only Keras knows.
        result: the shape that it gives, or None.
        misfit: why it cannot take what it is given; empty when it can.
    """

    index: int
    node: Node
    given: tuple[Shape | None, ...]
    result: Shape | None
    shape_error: str = ""


def follow(nodes: Sequence[Node], shape: Shape | None, classes: int) -> list[Step]:
    """Each layer with the shapes it is given and the shape it gives, as far as they are known.

    Args:
        nodes: the network.
        shape: of the image; None when only the images tell.
        classes: their number.
    """
    steps: list[Step] = []
    for index, node in enumerate(nodes):
        given = tuple(steps[source].result if source >= 0 else shape for source in node.inputs)
        known = [each for each in given if each is not None]
        result, shape_error = None, ""
        try:
            if len(known) == len(given):
                merges = node.entry.name in MERGES
                result = merged(node.entry, known) if merges else after(node.entry, known[0], classes)
        except DoesNotFit as error:
            result, shape_error = error.result, str(error)
        steps.append(Step(index, node, given, result, shape_error))
    return steps


def summarize_shapes(nodes: Sequence[Node], shape: Shape, classes: int) -> list[Shape | None]:
    """The shape after each layer, None where it is not known without Keras."""
    return [step.result for step in follow(nodes, shape, classes)]
