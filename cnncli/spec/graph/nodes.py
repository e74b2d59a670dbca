"""One Keras layer of the network that a spec describes, and what it is called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.errors import KeyPath, path_text
from cnncli.wording import shown

IMAGE = -1
"""Stands among the inputs of a node for the image that the model is given."""


@dataclass(frozen=True)
class Node:
    """A Keras layer of the model."""

    name: str  # unique name of the layer in the Keras model
    entry: Entry  # the checked layer with its arguments
    inputs: tuple[int, ...]  # indices of the nodes whose outputs it takes; all stand before it, and -1 is the image
    path: KeyPath  # place of the layer in the spec; in the definition of its block when it is part of one
    word: str = ""  # name of the layer as the spec spells it, such as `MaxPool2D`
    uses: tuple[KeyPath, ...] = ()  # places where the blocks that it is part of are used, the outermost first
    parameters: Mapping[str, Any] = field(default_factory=dict)  # values of its block's parameters in this use

    def at(self, argument: str = "") -> KeyPath:
        """Where the layer, or one of its arguments, stands in the spec."""
        return (*self.path, self.word or self.entry.name, argument) if argument else self.path

    @property
    def origin(self) -> str:
        """For a sentence on a layer of a block: ` (with filters: 64, used at model.layers[4])`."""
        return origin(self.parameters, self.uses)


def origin(parameters: Mapping[str, Any], uses: Iterable[KeyPath]) -> str:
    """What tells one use of a block from the others; empty outside of blocks."""
    values = ", ".join(f"{name}: {shown(value)}" for name, value in parameters.items())
    used = " in ".join(path_text(path) for path in reversed(tuple(uses)))
    parts = [f"with {values}"] * bool(values) + [f"used at {used}"] * bool(used)
    return f" ({', '.join(parts)})" if parts else ""


def snake(name: str) -> str:
    """`MaxPooling2D` → `max_pooling2d`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Names:
    """Gives out the names in one list of layers; Keras' own numbers would depend on what was built before.

    Args:
        own: Names that the spec gives to layers of the list, which no other layer gets.
    """

    def __init__(self, own: Iterable[str]) -> None:
        self._taken = set(own)
        self._counts: Counter[str] = Counter()

    def numbered(self, kind: str) -> str:
        """A kind of layer, or the name of a repeated one, with the next free number: `conv2d_2`."""
        while True:
            self._counts[kind] += 1
            name = f"{kind}_{self._counts[kind]}"
            if name not in self._taken:
                self._taken.add(name)
                return name
