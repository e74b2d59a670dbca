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
    """A Keras layer of the model.

    Args:
        name: the layer's name in the Keras model; no two nodes share one.
        entry: the checked layer with its arguments.
        inputs: the nodes whose results it takes, by index; all stand before it, and -1 is the image.
        path: where the layer stands in the spec; in the definition of its block when it is part of one.
        word: the layer's name as the spec spells it, such as `MaxPool2D`.
        uses: where the blocks that it is part of are used, the outermost first.
        parameters: the values of its block's parameters in this use.
    """

    name: str
    entry: Entry
    inputs: tuple[int, ...]
    path: KeyPath
    word: str = ""
    uses: tuple[KeyPath, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

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
        own: names that layers of the list were given, which no other layer gets.
    """

    def __init__(self, own: Iterable[str]) -> None:
        self._taken = set(own)
        self._counts: Counter[str] = Counter()

    def numbered(self, kind: str) -> str:
        """The kind with the next free number: `conv2d_2`."""
        while True:
            self._counts[kind] += 1
            name = f"{kind}_{self._counts[kind]}"
            if name not in self._taken:
                self._taken.add(name)
                return name

    def repeated(self, name: str, number: int) -> str | None:
        """A given name with the number of a repetition, or None when another layer is called so."""
        numbered = f"{name}_{number}"
        if numbered in self._taken:
            return None
        self._taken.add(numbered)
        return numbered
