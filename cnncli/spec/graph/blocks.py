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
        word: the layer or block, as spelled; empty when that cannot be told.
        arguments: as written, without the three keys.
        path: its place in the spec.
        name: what other layers call its result.
        inputs: names of the results it takes; None for the one above.
        repeat: how many times it stands there; a number or an expression.
        broken: whether something is wrong with it that was told already.
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
        name: the block's; empty for the model.
        path: its place in the spec, above `layers`.
        parameters: with their defaults; None for one that every use must give.
        lines: its layers and uses of blocks, in order.
        sources: for each line the lines that it takes, by index; -1 is what the list itself is given.
    """

    name: str
    path: KeyPath
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    sources: tuple[tuple[int, ...], ...] = ()
