"""Lists of layers as YAML has them → lines, with every mistake in them that no parameter's value can mend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cnncli.catalog.entries import split, unknown
from cnncli.catalog.entry_lists import as_a_list
from cnncli.catalog.packages import plugin_layer
from cnncli.catalog.spelling import resolve
from cnncli.catalog.unsupported import refusal
from cnncli.errors import KeyPath, Problem
from cnncli.spec.graph.blocks import INPUT, KEYS, Block, Line
from cnncli.spec.graph.expressions import ExpressionError, is_expression, read_expression
from cnncli.wording import nearest, shown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
_RESERVED = ("image", "scale")

Parameters = Mapping[str, Any]


def read_blocks(raw: Mapping[str, Any], problems: list[Problem]) -> dict[str, Block]:
    """Reads `model.blocks` and adds every problem; a block that is wrong as a whole has no lines."""
    headers = {name: _header(name, value, ("model", "blocks", name), problems) for name, value in raw.items()}
    blocks = {}
    for name, block in headers.items():
        layers = raw[name].get("layers") if isinstance(raw[name], dict) else None
        lines = read_lines(layers, block, headers, problems) if isinstance(layers, list) else ()
        blocks[name] = replace(block, lines=lines)
    return blocks


def _header(name: str, value: Any, path: KeyPath, problems: list[Problem]) -> Block:
    """A block without its layers."""
    if not _WORD.match(name):
        problems.append(Problem(path, "a block is named with letters, digits and '_'", at_key=True))
    elif resolve("layer", name) or refusal("layer", name):
        whose = own.origin if (own := plugin_layer(name)) else "Keras"
        problems.append(Problem(path, f"{whose} has a layer '{name}'; give the block another name", at_key=True))
    if not isinstance(value, dict):
        message = f"expected the keys 'layers' and, if it has any, 'parameters'; got {shown(value)}"
        problems.append(Problem(path, message))
        return Block(name, path)
    for key in value:
        if key not in ("layers", "parameters"):
            near = nearest(str(key), ("layers", "parameters")) or "; a block has 'layers' and 'parameters'"
            problems.append(Problem((*path, key), f"unknown key{near}", at_key=True))
    layers = value.get("layers")
    if "layers" not in value:
        problems.append(Problem(path, f"the block '{name}' needs 'layers'", at_key=True))
    elif not isinstance(layers, list) or not layers:
        problems.append(
            Problem((*path, "layers"), f"expected a list of layers, got {shown(layers)}{as_a_list('layer', layers)}")
        )
    return Block(name, path, _parameters(value.get("parameters"), (*path, "parameters"), problems))


def _parameters(value: Any, path: KeyPath, problems: list[Problem]) -> Parameters:
    """Defaults by name; a default may calculate with the parameters above it."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        words = "a mapping from parameters to their defaults, nothing for one that every use must give"
        problems.append(Problem(path, f"expected {words}; got {shown(value)}"))
        return {}
    defaults: dict[str, Any] = {}
    for name, default in value.items():
        if not _WORD.match(name):
            problems.append(Problem((*path, name), "a parameter is named with letters, digits and '_'", at_key=True))
        if name in KEYS:
            message = f"every layer and block has a '{name}' already; give the parameter another name"
            problems.append(Problem((*path, name), message, at_key=True))
        _expressions(default, defaults, (*path, name), problems)
        defaults[name] = default
    return defaults


def read_lines(
    layers: list[Any], block: Block, blocks: Mapping[str, Block], problems: list[Problem]
) -> tuple[Line, ...]:
    """Reads the lines of a list of layers, the model's or that of one of the blocks, and adds every problem."""
    parameters = block.parameters if block.name else None
    lines = [
        _line(layer, (*block.path, "layers", index), parameters, blocks, problems) for index, layer in enumerate(layers)
    ]
    seen: dict[str, int] = {}
    for index, line in enumerate(lines):
        if line.name in seen:
            message = f"layers[{seen[line.name]}] has the name '{line.name}' already"
            problems.append(Problem((*line.inside, "name"), message))
        elif line.name:
            seen[line.name] = index
            if not block.name and line.name in _RESERVED:  # what every model begins with
                message = f"every model has a layer '{line.name}' already"
                problems.append(Problem((*line.inside, "name"), message))
    return tuple(lines)


def _line(
    value: Any, path: KeyPath, parameters: Parameters | None, blocks: Mapping[str, Block], problems: list[Problem]
) -> Line:
    if is_expression(value):
        message = "a parameter can be a value of a layer, not the layer itself"
        problems.append(Problem(path, message))
        return Line("", {}, path, broken=True)
    if meant := _meant(value, blocks):
        problems.append(Problem((*path, *value), meant))
        return Line("", {}, path, broken=True)
    word, mapping, inside = split("layer", value, path, problems, blocks)
    if word is None:
        return Line("", {}, path, broken=True)
    before = len(problems)
    if word not in blocks and resolve("layer", word) is None:
        problems.append(Problem(path, unknown("layer", word, blocks), at_key=isinstance(value, dict)))
    arguments = {key: argument for key, argument in mapping.items() if key not in KEYS}
    _expressions(arguments, parameters, inside, problems)
    if word in blocks:
        _check_use(blocks[word], arguments, inside, problems)
    repeat = mapping.get("repeat", 1)
    _expressions(repeat, parameters, (*inside, "repeat"), problems)
    broken = len(problems) > before  # a wrong name or input does not keep the rest from being checked
    name = _name(mapping["name"], (*inside, "name"), problems) if "name" in mapping else None
    inputs = _inputs(mapping["inputs"], (*inside, "inputs"), problems) if "inputs" in mapping else None
    return Line(word, arguments, path, name, inputs, repeat, broken)


def _meant(value: Any, blocks: Mapping[str, Block]) -> str | None:
    """What to say of `block: 64`: the parameter that the lone value was meant for, the first that must be given."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((word, argument),) = value.items()
    if word not in blocks or not blocks[word].parameters or not isinstance(argument, str | int | float):
        return None
    parameters = blocks[word].parameters
    first = min(parameters, key=lambda name: parameters[name] is not None)
    return f"expected the parameters of {word} by name, as in '{word}: {{{first}: {argument}}}', got {shown(argument)}"


def _check_use(block: Block, arguments: Mapping[str, Any], path: KeyPath, problems: list[Problem]) -> None:
    for key in arguments:
        if key not in block.parameters:
            names = ", ".join(block.parameters) or "none"
            near = nearest(str(key), [*block.parameters, *KEYS]) or f"; it has {names}"
            problems.append(Problem((*path, key), f"'{block.name}' has no parameter '{key}'{near}", at_key=True))
    missing = [name for name, default in block.parameters.items() if default is None and name not in arguments]
    if missing and all(key in block.parameters for key in arguments):  # else it is there, but misspelt
        listed = " and ".join(f"'{name}'" for name in missing)
        problems.append(Problem(path, f"'{block.name}' needs {listed}", at_key=True))


def _name(value: Any, path: KeyPath, problems: list[Problem]) -> str | None:
    if not isinstance(value, str) or not NAME.match(value):
        words = "letters, digits, '_' and '-', at most 100 of them, the first a letter or digit"
        problems.append(Problem(path, f"expected {words}, got {shown(value)}"))
        return None
    if value == INPUT:
        message = "'input' is what the list of layers is given; choose another name"
        problems.append(Problem(path, message))
        return None
    return value


def _inputs(value: Any, path: KeyPath, problems: list[Problem]) -> tuple[str, ...] | None:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        message = f"expected the name of a layer above, or a list of names, got {shown(value)}"
        problems.append(Problem(path, message))
        return ()
    return tuple(names)


def _expressions(value: Any, parameters: Parameters | None, path: KeyPath, problems: list[Problem]) -> None:
    """Adds the problems of every expression in a value: it cannot be read, or names a parameter that does not exist."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _expressions(item, parameters, (*path, key), problems)
    elif is_expression(value):
        problems.extend(_wrong_expression(value, parameters, path))


def _wrong_expression(text: str, parameters: Parameters | None, path: KeyPath) -> Iterator[Problem]:
    if parameters is None:
        yield Problem(path, f"'{text}' has a '$': parameters exist in blocks only")
        return
    try:
        names = read_expression(text).names
    except ExpressionError as error:
        yield Problem(path, str(error))
        return
    for name in names:
        if name not in parameters:
            scope = f"; there are {', '.join(parameters)}" if parameters else "; there are none above"
            yield Problem(path, f"no parameter is called '{name}'{nearest(name, parameters) or scope}")
