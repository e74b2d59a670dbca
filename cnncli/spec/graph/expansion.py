"""Blocks and repeats written out: lines → nodes, each with the values its parameters have there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

from cnncli.catalog.entries import parse
from cnncli.catalog.spelling import resolve
from cnncli.catalog.validators import whole
from cnncli.errors import KeyPath, Problem
from cnncli.spec.graph.blocks import KEYS, Block, Line
from cnncli.spec.graph.expressions import ExpressionError, is_expression, names_in, read_expression
from cnncli.spec.graph.nodes import IMAGE, Names, Node, origin, snake

MOST_LAYERS = 2_000
"""Layers and uses of blocks in a network; nested repeats are a short way to write a very long one."""

MOST_VALUES = 1_000_000
"""Values among the arguments of all these layers, for the same reason."""

MOST_NESTED = 20
"""Blocks within blocks."""

_COUNT = whole(0)


class _TooLarge(Exception):
    """The network is larger than any; the problem is noted where it was found."""


class _NoValue(Exception):
    """A parameter has no value: the block is never used, and only a use would give it one."""


@dataclass(frozen=True)
class _Use:
    """One use of a block: what its lines are read with."""

    prefix: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    paths: tuple[KeyPath, ...] = ()


class Expansion:
    """Writes out lists of layers; a problem is added once, however often its line is written out."""

    def __init__(self, blocks: Mapping[str, Block], problems: list[Problem]) -> None:
        self.nodes: list[Node] = []
        self._visited: set[str] = set()
        self._in_use = True
        self._blocks = blocks
        self._problems = problems
        self._told = {(problem.path, problem.message) for problem in problems}
        self._layers = self._values = 0

    def run(self, model: Block) -> tuple[Node, ...]:
        """Writes out the model's own list; blocks that are not in it are checked with their defaults all the same."""
        self._start(model)
        nodes = tuple(self.nodes)
        self._in_use = False
        for name, block in self._blocks.items():
            if name not in self._visited:
                self._start(block)
        return nodes

    def _start(self, block: Block) -> None:
        with suppress(_TooLarge):
            self._list(block, _Use(parameters=self._bound(block, {}, _Use())), IMAGE)

    def _list(self, block: Block, use: _Use, node: int) -> int:
        """Writes out a list that is given the result of a node; returns the node whose result it gives."""
        self._visited.add(block.name)
        names = Names(line.name for line in block.lines if line.name)
        results: list[int] = []
        for line, sources in zip(block.lines, block.sources, strict=True):
            taken = tuple(node if source < 0 else results[source] for source in sources)
            results.append(taken[0] if line.broken else self._line(line, use, taken, names))
        return results[-1] if results else node

    def _line(self, line: Line, use: _Use, taken: tuple[int, ...], names: Names) -> int:
        """One line as often as it repeats; the node whose result it gives, its own input when that is never."""
        try:
            count = self._value(line.repeat, (*line.inside, "repeat"), use)
            wrong: list[Problem] = []
            _COUNT.accept(count, (*line.inside, "repeat"), wrong)
            if count != 1 and not wrong and len(taken) > 1:
                message = f"{line.word} has several inputs, so it cannot be repeated or left out; 'repeat' is {count}"
                wrong.append(Problem((*line.inside, "repeat"), message))
            if wrong:
                self._tell(wrong, line, use)
                return taken[0]
            for _ in range(count):
                taken = (self._once(line, use, taken, self._named(line, count > 1, names)),)
        except _NoValue:
            pass
        return taken[0]

    def _once(self, line: Line, use: _Use, taken: tuple[int, ...], name: str) -> int:
        arguments = {key: self._value(value, (*line.inside, key), use) for key, value in line.arguments.items()}
        self._spend(arguments, line, use)
        if line.word in self._blocks:
            return self._block(line, use, taken[0], arguments, name)
        wrong: list[Problem] = []
        entry = parse("layer", {line.word: arguments} if arguments else line.word, line.path, wrong, KEYS)
        if wrong or entry is None:
            self._tell(wrong, line, use)
            return taken[0]
        self.nodes.append(Node(use.prefix + name, entry, taken, line.path, line.word, use.paths, use.parameters))
        return len(self.nodes) - 1

    def _block(self, line: Line, use: _Use, node: int, arguments: Mapping[str, Any], name: str) -> int:
        block, paths = self._blocks[line.word], (*use.paths, line.path)
        if len(paths) > MOST_NESTED:
            self._stop(line.path, f"blocks are nested deeper than {MOST_NESTED}")
        inner = _Use(f"{use.prefix}{name}.", paths=paths)
        parameters = self._bound(block, arguments, inner)
        return self._list(block, _Use(inner.prefix, parameters, paths), node)

    def _bound(self, block: Block, arguments: Mapping[str, Any], use: _Use) -> dict[str, Any]:
        """A value for each parameter that has one: the use's, else the default."""
        values: dict[str, Any] = {}
        for name, default in block.parameters.items():
            if name in arguments:
                values[name] = arguments[name]
            elif default is not None:
                try:
                    path = (*block.path, "parameters", name)
                    values[name] = self._value(default, path, _Use(parameters=values, paths=use.paths))
                except _NoValue:
                    pass
        return values

    def _value(self, value: Any, path: KeyPath, use: _Use) -> Any:
        """The value with every expression in it worked out."""
        if isinstance(value, dict):
            return {key: self._value(item, (*path, key), use) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, (*path, index), use) for index, item in enumerate(value)]
        if not is_expression(value):
            return value
        try:
            expression = read_expression(value)
        except ExpressionError:  # reported as it was read
            raise _NoValue from None
        if any(name not in use.parameters for name in expression.names):
            raise _NoValue
        try:
            return expression.value(use.parameters)
        except ExpressionError as error:
            self._tell_once(Problem(path, str(error)), expression.names, use)
            raise _NoValue from None

    def _named(self, line: Line, is_repeated: bool, names: Names) -> str:
        if line.name:
            return names.numbered(line.name) if is_repeated else line.name
        return names.numbered(
            line.word if line.word in self._blocks else snake(resolve("layer", line.word) or line.word)
        )

    def _spend(self, arguments: Mapping[str, Any], line: Line, use: _Use) -> None:
        """Counts one more layer or use of a block; past the limit it ends the expansion."""
        self._layers += 1
        self._values += _size(arguments, MOST_VALUES)
        if self._layers <= MOST_LAYERS and self._values <= MOST_VALUES:
            return
        what = f"{MOST_LAYERS:,} layers and uses of blocks" if self._layers > MOST_LAYERS else f"{MOST_VALUES:,} values"
        self._stop(use.paths[0] if use.paths else line.path, f"expanded, the network has more than {what}")

    def _stop(self, path: KeyPath, message: str) -> NoReturn:
        if self._in_use:  # what is only checked may be cut short
            self._problems.append(Problem(path, message, at_key=True))
        raise _TooLarge

    def _tell(self, wrong: Sequence[Problem], line: Line, use: _Use) -> None:
        for problem in wrong:
            self._tell_once(problem, _names_at(line, problem.path), use)

    def _tell_once(self, problem: Problem, names: Sequence[str], use: _Use) -> None:
        """Notes a problem; where parameters play a part, with the values in hand."""
        if (problem.path, problem.message) in self._told:
            return
        self._told.add((problem.path, problem.message))
        values = {name: use.parameters[name] for name in names if name in use.parameters}
        where = origin(values, use.paths) if names else ""
        self._problems.append(Problem(problem.path, problem.message + where, at_key=problem.at_key))


def _size(value: Any, limit: int) -> int:
    """How many values there are in a value; counting ends at the limit, for parameters can be lists of lists."""
    count, pending = 0, [value]
    while pending and count <= limit:
        count += 1
        item = pending.pop()
        if isinstance(item, dict | list):
            pending.extend(item.values() if isinstance(item, dict) else item)
    return count


def _names_at(line: Line, path: KeyPath) -> Sequence[str]:
    """The parameters in what a line has at a path; those of the whole expression when the path leads into its value."""
    value: Any = {**line.arguments, "repeat": line.repeat}
    for key in path[len(line.inside) :]:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
    return names_in(value) if len(path) > len(line.inside) else ()
