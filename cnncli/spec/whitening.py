"""Where the initializer `Whitening` may stand: it is computed from images, so the layer must see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.whitening import NAME
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE, Node
from cnncli.spec.shapes.network_shapes import Step
from cnncli.wording import counted


def whitening_of(node: Node) -> Entry | None:
    """The `Whitening` that the kernel of a Conv2D begins with."""
    initializer = node.entry.get("kernel_initializer") if node.entry.name == "Conv2D" else None
    return initializer if isinstance(initializer, Entry) and initializer.name == NAME else None


def misplaced_whitening(nodes: Iterable[Node]) -> Iterator[Problem]:
    """Arguments of layers that Whitening cannot be computed for, whatever the images are."""
    for node in nodes:
        for argument, value in node.entry.arguments.items():
            kernel = argument == "kernel_initializer" and whitening_of(node)
            if _mentions(value) and not (kernel and node.inputs == (IMAGE,) and node.entry.get("groups") == 1):
                message = f"{NAME} is for the kernel of a Conv2D that takes the image itself, without groups"
                yield Problem(node.at(argument), f"{message}; write 'he_normal', or leave it out{node.origin}")


def too_many_filters(step: Step) -> Iterator[Problem]:
    """More filters than there are directions, both ways."""
    node, shape = step.node, step.input_shapes[0]
    if whitening_of(node) is None or not shape or shape[-1] is None:
        return
    size, filters = node.entry.get("kernel_size"), node.entry.get("filters")
    height, width = (size, size) if isinstance(size, int) else size
    values = height * width * shape[-1]
    if filters > 2 * values:
        kernel = f"a kernel of {height}×{width} on {counted(shape[-1], 'channel')}"
        message = f"{kernel} has {2 * values} whitening filters, half of them negatives; got {filters}"
        yield Problem(node.at("filters"), f"{message}{node.origin}")


def _mentions(value: Any) -> bool:
    if isinstance(value, Entry):
        return value.name == NAME or any(map(_mentions, value.arguments.values()))
    return False
