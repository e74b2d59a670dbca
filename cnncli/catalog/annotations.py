"""What an argument of a layer of a package may be, as far as its source says: by annotation, else by its default.

Keras annotates nothing, so its arguments are described in a table; nobody describes those of a package but itself.
"""

from __future__ import annotations

import ast
from typing import Any

from cnncli.catalog.source import Argument
from cnncli.catalog.validators import Validator, any_of, boolean, choice, is_number, list_of, number, text, whole
from cnncli.errors import KeyPath, Problem
from cnncli.wording import shown

_PLAIN = {"int": whole(), "float": number(), "bool": boolean, "str": text}
_LISTS = {"list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection"}
_UNIONS = {"Optional", "Union"}


def _anything() -> Validator:
    """Whatever YAML has; what the layer does not take, it refuses itself."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if isinstance(value, list):
            return [accept(item, (*path, index), problems) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {str(key): accept(item, (*path, key), problems) for key, item in value.items()}
        if not (value is None or isinstance(value, str | bool) or is_number(value)):
            problems.append(Problem(path, f"expected a value, got {shown(value)}"))
        return value

    return Validator("a value", accept, {})


ANYTHING = _anything()


def kind_by_source(argument: Argument) -> Validator:
    """What an argument may be, as far as its annotation or else its default tells."""
    if argument.annotation is not None:
        return _annotated(argument.annotation)
    default = argument.default
    if argument.required or default is None:
        return ANYTHING
    if isinstance(default, bool):
        return boolean
    if is_number(default):
        return number(as_written=isinstance(default, int))
    return text if isinstance(default, str) else ANYTHING


def _annotated(node: ast.expr) -> Validator:
    """The kind of an annotation: of `int`, `float | None`, `Literal["a", "b"]`, `tuple[int, int]` and the like."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # an annotation in quotes
        try:
            return _annotated(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return ANYTHING
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _subscripted(_last_word(node.value), items)
    return _PLAIN.get(_last_word(node), ANYTHING)


def _last_word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _union(nodes: list[ast.expr]) -> Validator:
    kinds = [_annotated(node) for node in nodes if not (isinstance(node, ast.Constant) and node.value is None)]
    if not kinds or ANYTHING in kinds:
        return ANYTHING
    return any_of(*kinds) if len(kinds) > 1 else kinds[0]


def _subscripted(word: str, items: list[ast.expr]) -> Validator:
    if word == "Literal":
        words = [item.value for item in items if isinstance(item, ast.Constant)]
        strings = [word for word in words if isinstance(word, str)]
        return choice(*strings) if len(strings) == len(items) else ANYTHING
    if word in _UNIONS:
        return _union(items)
    if word not in _LISTS:
        return ANYTHING
    endless = len(items) == 1 or (isinstance(items[-1], ast.Constant) and items[-1].value is ...)
    kinds = {ast.unparse(item): _annotated(item) for item in (items[:1] if endless else items)}
    if len(kinds) > 1:  # each item of another kind
        return list_of(ANYTHING, len(items))
    return list_of(next(iter(kinds.values())), None if endless else len(items))
