"""`$filters * 4`: arithmetic with the parameters of a block, and nothing more.

Python's own parser reads an expression, and a closed list of nodes says what may be in it: numbers, parameters, `+`,
`-`, `*`, `/`, `//`, `%` and parentheses. Nothing is ever run. Characters, length, depth and numbers are limited before
anything is computed, so no expression can run code or fill the memory.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnncli.wording import shown

MAX_LENGTH = 200
MAX_DEPTH = 20
LARGEST = 2**53
"""Up to here a float holds every whole number."""

_TOKEN = re.compile(
    r"(?P<number>(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)|\$(?P<name>[A-Za-z_]\w*)|(?P<sign>//|[-+*/%()])|[ \t\n]+", re.ASCII
)
_PREFIX = "p_"  # so that a parameter may be called `if`
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left // right if isinstance(left, int) and left % right == 0 else left / right,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class ExpressionError(ValueError):
    """The text is not an expression, or has no value; says why."""


@dataclass(frozen=True)
class Expression:
    """An expression that was read."""

    text: str  # as it stands in the spec
    names: tuple[str, ...]  # the parameters in it, in order
    tree: ast.expr  # what Python's parser makes of it

    def value(self, parameters: Mapping[str, Any]) -> Any:
        """Its value.

        Args:
            parameters: A value for each of its parameters; a parameter alone may stand for anything, in arithmetic
                only for a number.

        Raises:
            ExpressionError: It divides by zero, calculates with something other than numbers, or becomes too large.
        """
        if isinstance(self.tree, ast.Name):
            return parameters[self.tree.id.removeprefix(_PREFIX)]
        return self._value(self.tree, parameters)

    def _value(self, node: ast.expr, parameters: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.UnaryOp):
            return -self._value(node.operand, parameters)
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, parameters), self._value(node.right, parameters)
            if right == 0 and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
                raise ExpressionError(f"'{self.text}' divides by zero")
            return self._bounded(_OPERATORS[type(node.op)](left, right))
        if isinstance(node, ast.Constant):
            return self._bounded(node.value)
        name = node.id.removeprefix(_PREFIX) if isinstance(node, ast.Name) else ""
        number = parameters[name]
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ExpressionError(f"'{self.text}' calculates with ${name}, which is {shown(number)}, not a number")
        return self._bounded(number)

    def _bounded(self, number: Any) -> Any:
        if not abs(number) <= LARGEST:  # written so that NaN is refused as well
            raise ExpressionError(f"'{self.text}' leads to a number above {LARGEST:,}")
        return number


def is_expression(value: object) -> bool:
    """Whether a value of the spec is an expression: text with a '$' in it."""
    return isinstance(value, str) and "$" in value


def names_in(value: Any) -> tuple[str, ...]:
    """The parameters in all expressions of a value, in order, each once; every expression can be read."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return tuple(dict.fromkeys(name for item in items for name in names_in(item)))
    return read_expression(value).names if is_expression(value) else ()


def read_expression(text: str) -> Expression:
    """Reads an expression.

    Raises:
        ExpressionError: The text is not an expression.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, not {len(text)}")
    python, names = _translated(text)
    try:
        tree = ast.parse(python, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"'{text}' is not an expression: expected {_LANGUAGE}") from None
    for node in ast.walk(tree):
        if not isinstance(node, _NODES) or (isinstance(node, ast.Constant) and type(node.value) not in (int, float)):
            raise ExpressionError(f"'{text}' is not an expression: expected {_LANGUAGE}")
    return Expression(text, names, tree)


_LANGUAGE = "numbers, $parameters, +, -, *, /, //, % and parentheses"
_NODES = (ast.BinOp, ast.UnaryOp, ast.USub, ast.Constant, ast.Name, ast.Load, *_OPERATORS)


def _translated(text: str) -> tuple[str, tuple[str, ...]]:
    """The text as Python, and the parameters in it; whatever is not of this language is refused here already."""
    python, position, depth = [], 0, 0
    names: dict[str, None] = {}
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            wrong = text[position]
            what = "a '$' is followed by the name of a parameter" if wrong == "$" else f"'{wrong}' has no meaning here"
            raise ExpressionError(f"'{text}' is not an expression: {what}")
        token, position = match.group(), match.end()
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth > MAX_DEPTH:
            raise ExpressionError(f"'{text}' is nested deeper than {MAX_DEPTH} parentheses")
        if match["name"]:
            names[match["name"]] = None
            token = _PREFIX + match["name"]
        elif match["number"] and token.isdigit():
            token = str(int(token))  # Python refuses zeros in front
        python.append(token.strip())
    return " ".join(python).strip(), tuple(names)  # apart, so that no two tokens become one
