"""The network of a spec: lists of layers and blocks → the Keras layers of the model and what each one takes.

reading     YAML → lines, with what is wrong in them whatever the parameters are
wiring      which line takes the result of which
expansion   blocks and repeats written out: lines → nodes
expressions `$filters * 4`
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnncli.errors import KeyPath, Problem
from cnncli.spec.graph.blocks import INPUT, KEYS, Block
from cnncli.spec.graph.expansion import Expansion
from cnncli.spec.graph.nodes import IMAGE, Node, snake
from cnncli.spec.graph.reading import read_blocks, read_lines
from cnncli.spec.graph.wiring import loops, used, wire

__all__ = ["IMAGE", "INPUT", "KEYS", "Network", "Node", "read_network", "snake"]


@dataclass(frozen=True)
class Network:
    """What `model.blocks` and `model.layers` describe."""

    nodes: tuple[Node, ...]  # every Keras layer, in order; each takes earlier ones, and the last gives the output
    unused: tuple[str, ...]  # names of the blocks that no layer comes from


def read_network(blocks: Mapping[str, Any], layers: Sequence[Any], problems: list[Problem]) -> Network:
    """Reads the network of a spec and adds every problem; with any, the nodes are not those of a network."""
    definitions = read_blocks(blocks, problems)
    model = Block("", ("model",))
    model = replace(model, lines=read_lines(list(layers), model, definitions, problems))
    definitions, model = _wired(definitions, model, problems)
    nodes = Expansion(definitions, problems).run(model)
    if not nodes and not problems:
        problems.append(Problem(("model", "layers"), "no layer is left: all of them repeat 0 times"))
    in_use = used(definitions, model)
    return Network(nodes, tuple(name for name in definitions if name not in in_use))


def _wired(blocks: Mapping[str, Block], model: Block, problems: list[Problem]) -> tuple[dict[str, Block], Block]:
    """The same lists with their sources, and without the uses that would never end."""
    endless = loops(blocks)
    for path, way in endless.items():
        shown = " → ".join(way if len(way) < 9 else [*way[:4], "…", *way[-3:]])
        problems.append(Problem(path, f"the block '{way[0]}' contains itself: {shown}", at_key=True))
    lists = [*blocks.values(), model]
    elsewhere: dict[str, KeyPath] = {line.name: block.path for block in lists for line in block.lines if line.name}
    wired = [
        replace(
            block,
            lines=tuple(replace(line, broken=True) if line.path in endless else line for line in block.lines),
            sources=wire(block, elsewhere, problems),
        )
        for block in lists
    ]
    return {block.name: block for block in wired[:-1]}, wired[-1]
