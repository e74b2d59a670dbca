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
    """One layer, or one use of a block, as it is written.

    Args:
        word: Name of the layer or block, as spelled; empty when it has none.
        arguments: Arguments as written, without the three keys.
        path: Its place in the spec.
        name: Name of its output for other layers.
        inputs: Names of the outputs that it takes; None for the one above.
        repeat: Number of repetitions, or an expression.
        broken: Whether a problem with it was reported already.
    """

    word: str
    arguments: Mapping[str, Any]
    path: KeyPath
    name: str | None = None
    inputs: tuple[str, ...] | None = None
    repeat: Any = 1
    broken: bool = False

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
    """A list of layers: a block, or the model's own, which has no name.

    Args:
        name: Name of the block; empty for the model.
        path: Its place in the spec, above `layers`.
        parameters: Defaults by name; None for a parameter that every use must set.
        lines: Its layers and uses of blocks, in order.
        sources: Indices of the lines that each line takes; -1 is the input of the list.
    """

    name: str
    path: KeyPath
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    sources: tuple[tuple[int, ...], ...] = ()
