"""Which line of a list takes the result of which: names → indices, and every result is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnncli.catalog.layer_traits import MERGES
from cnncli.catalog.spelling import resolve
from cnncli.errors import KeyPath, Problem, path_text
from cnncli.spec.graph.blocks import INPUT, Block, Line
from cnncli.wording import nearest


def wire(block: Block, elsewhere: Mapping[str, KeyPath], problems: list[Problem]) -> tuple[tuple[int, ...], ...]:
    """For each line of a list the lines that it takes, by index; -1 is what the list itself is given.

    Adds every problem; `elsewhere` has the names in all lists, each with its list.
    """
    before = len(problems)
    below = {line.name for line in block.lines if line.name}
    above: dict[str, int] = {INPUT: -1}
    sources = []
    for index, line in enumerate(block.lines):
        taken = [index - 1]
        if line.inputs is not None:
            taken = [above[name] for name in line.inputs if name in above] or taken
            problems.extend(_unknown(line, above, below, elsewhere))
        problems.extend(_wrong_number(line, len(line.inputs or ())))
        sources.append(tuple(taken))
        if line.name:
            below.discard(line.name)
            above.setdefault(line.name, index)
    if len(problems) == before:  # else a misspelt name would be reported again as an unused output
        problems.extend(_untaken(block, sources))
    return tuple(sources)


def _unknown(
    line: Line, above: Mapping[str, int], below: set[str], elsewhere: Mapping[str, KeyPath]
) -> Iterator[Problem]:
    for index, name in enumerate(line.inputs or ()):
        if name in above:
            continue
        if name == line.name:
            why = f"'{name}' is this layer itself; the inputs of a layer come before it"
        elif name in below:
            why = f"'{name}' comes later; the inputs of a layer come before it"
        elif near := nearest(name, above):
            why = f"no layer above has the name '{name}'{near}"
        elif name in elsewhere:
            why = f"'{name}' is a name in {path_text(elsewhere[name])}, and a name is only visible in its own list"
        elif "." in name:
            outer = name.split(".")[0]
            why = f"'{name}' would be inside a block; only the output of the block is available: '{outer}'"
        else:
            why = f"no layer above has the name '{name}'; there are {', '.join(above)}"
        listed = len(line.inputs or ()) > 1
        yield Problem((*line.inside, "inputs", *([index] if listed else [])), why)


def _wrong_number(line: Line, count: int) -> Iterator[Problem]:
    kind = resolve("layer", line.word)
    if line.inputs == ():  # reported already
        return
    if kind in MERGES:
        number = "exactly two inputs" if kind == "Subtract" else "at least two inputs"
        if count < 2 or (kind == "Subtract" and count != 2):
            got = f", not {count}" if line.inputs is not None else ""
            path = (*line.inside, "inputs") if line.inputs is not None else line.path
            yield Problem(path, f"{line.word} needs {number}{got}: 'inputs: [first, second]'", at_key=not got)
    elif count > 1 and line.word:
        message = f"{line.word} has one input, not {count}; join them with Add or Concatenate first"
        yield Problem((*line.inside, "inputs"), message)


def _untaken(block: Block, sources: Sequence[tuple[int, ...]]) -> Iterator[Problem]:
    taken = {source for line in sources for source in line}
    for index, line in enumerate(block.lines[:-1]):
        if index not in taken:
            whole = f"the block '{block.name}'" if block.name else "a model"
            message = (
                f"the output of '{line.label}' is not used, and {whole} has one output, that of its last layer; "
                "name it in the 'inputs' of a later layer, or remove it"
            )
            yield Problem(line.path, message, at_key=True)


def loops(blocks: Mapping[str, Block]) -> dict[KeyPath, list[str]]:
    """The uses of a block that lead back to a block they are in, by their path, with the way round."""
    cycles: dict[KeyPath, list[str]] = {}
    done: set[str] = set()
    for start in blocks:
        way = [] if start in done else [start]
        pending = [iter(blocks[name].lines) for name in way]
        while pending:  # not a recursion: a spec may have thousands of blocks
            line = next(pending[-1], None)
            if line is None:
                pending.pop()
                done.add(way.pop())
            elif line.word in way:
                cycles[line.path] = [*way[way.index(line.word) :], line.word]
            elif line.word in blocks and line.word not in done:
                way.append(line.word)
                pending.append(iter(blocks[line.word].lines))
    return cycles


def used(blocks: Mapping[str, Block], model: Block) -> set[str]:
    """The blocks that the model is made of, directly or through others."""
    names: set[str] = set()
    pending = [model]
    while pending:
        for line in pending.pop().lines:
            if line.word in blocks and line.word not in names:
                names.add(line.word)
                pending.append(blocks[line.word])
    return names
