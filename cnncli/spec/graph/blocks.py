"""What a list of layers says before any parameter has a value: its lines, read and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnncli.errors import KeyPath

INPUT = "input"
"""The name under which the layers of a list take what the list itself is given."""

KEYS = ("name", "inputs", "repeat")
"""The keys that cnncli adds to every layer and every use of a block."""


@dataclass(frozen=True)
class Line:
    """One layer, or one use of a block, as it is written."""

    word: str  # name of the layer or block, as spelled; empty when it has none
    arguments: Mapping[str, Any]  # arguments as written, without the three keys
    path: KeyPath  # its place in the spec
    name: str | None = None  # name of its output for other layers
    inputs: tuple[str, ...] | None = None  # names of the outputs that it takes; None for the one above
    repeat: Any = 1  # number of repetitions, or an expression
    broken: bool = False  # whether a problem with it was reported already

    @property
    def inside(self) -> KeyPath:
        """The path that its arguments and keys stand below."""
        return (*self.path, self.word)

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.name or self.word


@dataclass(frozen=True)
class Block:
    """A list of layers: a block, or the model's own, which has no name."""

    name: str  # name of the block; empty for the model
    path: KeyPath  # its place in the spec, above `layers`
    parameters: Mapping[str, Any] = field(default_factory=dict)  # defaults by name; None where every use must set one
    lines: tuple[Line, ...] = ()  # its layers and uses of blocks, in order
    sources: tuple[tuple[int, ...], ...] = ()  # indices of the lines that each line takes; -1 is the input of the list
