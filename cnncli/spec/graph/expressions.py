"""`$filters * 4`: arithmetic with the parameters of a block, and nothing more.

    sum     = product { ("+" | "-") product }
    product = factor { ("*" | "/" | "//" | "%") factor }
    factor  = { "-" } ( number | "$" name | "(" sum ")" )

There are no calls, attributes or powers, and text, depth and numbers are bounded, so that no spec can run code or fill
the memory.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cnncli.wording import shown

MAX_LENGTH = 200
MAX_DEPTH = 20
LARGEST = 2**53

_TOKEN = re.compile(
    r"(?P<number>(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?)|\$(?P<name>[A-Za-z_]\w*)|(?P<sign>//|[-+*/%()])", re.ASCII
)
_SPACE = re.compile(r"[ \t\n]*")
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left // right if isinstance(left, int) and left % right == 0 else left / right,
    "//": operator.floordiv,
    "%": operator.mod,
}
_MINUS = "minus"


class ExpressionError(ValueError):
    """The text is no expression, or has no value; says why."""


class Token(NamedTuple):
    """A number, the name of a parameter or a sign; `kind` says which."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Expression:
    """An expression that was read.

    Args:
        text: as it stands in the spec.
        steps: its numbers, names and signs, every sign behind what it applies to.
    """

    text: str
    steps: tuple[Token, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters in it, in order."""
        return tuple(dict.fromkeys(step.value for step in self.steps if step.kind == "name"))

    def value(self, parameters: Mapping[str, Any]) -> Any:
        """What it comes to.

        Args:
            parameters: a value for every name in it; a name on its own may stand for anything, in arithmetic only
                for a number.

        Raises:
            ExpressionError: it divides by zero, reckons with what is no number, or becomes too large.
        """
        if len(self.steps) == 1 and self.steps[0].kind == "name":
            return parameters[self.steps[0].value]
        stack: list[Any] = []
        for kind, value in self.steps:
            if kind == "sign":
                self._apply(value, stack)
                continue
            number = parameters[value] if kind == "name" else value
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ExpressionError(f"'{self.text}' reckons with ${value}, which is {shown(number)} and no number")
            stack.append(self._bounded(number))
        return stack[0]

    def _apply(self, sign: str, stack: list[Any]) -> None:
        right = stack.pop()
        if sign == _MINUS:
            stack.append(-right)
            return
        if sign in ("/", "//", "%") and right == 0:
            raise ExpressionError(f"'{self.text}' divides by zero")
        stack.append(self._bounded(_SIGNS[sign](stack.pop(), right)))

    def _bounded(self, number: Any) -> Any:
        if not abs(number) <= LARGEST:  # written so that what is no number at all is too large as well
            raise ExpressionError(f"'{self.text}' leads to a number above {LARGEST:,}")
        return number


def is_expression(value: object) -> bool:
    """Whether a value of the spec is an expression: text with a '$' in it."""
    return isinstance(value, str) and "$" in value


def read_expression(text: str) -> Expression:
    """Reads an expression.

    Raises:
        ExpressionError: the text is none.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, not {len(text)}")
    return Expression(text, _Parser(text).steps())


class _Parser:
    """Reads from left to right and writes down what a stack of numbers has to do."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.position = 0
        self.depth = 0
        self.written: list[Token] = []

    def steps(self) -> tuple[Token, ...]:
        self._sum()
        if self.position < len(self.tokens):
            self._refuse("expected a sign (+, -, *, /, //, %)")
        return tuple(self.written)

    def _tokens(self) -> list[Token]:
        tokens, position = [], _SPACE.match(self.text).end()  # type: ignore[union-attr]
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if not match:
                wrong = self.text[position]
                what = "a '$' is followed by the name of a parameter" if wrong == "$" else f"'{wrong}' means nothing"
                raise ExpressionError(f"'{self.text}' is no expression: {what}")
            kind = match.lastgroup or "number"
            text = match[kind]
            value = (int(text) if text.isdigit() else float(text)) if kind == "number" else text
            tokens.append(Token(kind, value))
            position = _SPACE.match(self.text, match.end()).end()  # type: ignore[union-attr]
        return tokens

    def _sum(self) -> None:
        self._product()
        while sign := self._take("+", "-"):
            self._product()
            self.written.append(Token("sign", sign))

    def _product(self) -> None:
        self._factor()
        while sign := self._take("*", "/", "//", "%"):
            self._factor()
            self.written.append(Token("sign", sign))

    def _factor(self) -> None:
        minus = False
        while self._take("-"):
            minus = not minus
        if self._take("("):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ExpressionError(f"'{self.text}' is nested deeper than {MAX_DEPTH} parentheses")
            self._sum()
            if not self._take(")"):
                self._refuse("expected ')'")
            self.depth -= 1
        elif self.position < len(self.tokens) and self.tokens[self.position].kind != "sign":
            self.written.append(self.tokens[self.position])
            self.position += 1
        else:
            self._refuse("expected a number, a $parameter or '('")
        if minus:
            self.written.append(Token("sign", _MINUS))

    def _take(self, *signs: str) -> str:
        """The next token when it is one of these signs, which is then behind us."""
        if self.position < len(self.tokens):
            kind, value = self.tokens[self.position]
            if kind == "sign" and value in signs:
                self.position += 1
                return str(value)
        return ""

    def _refuse(self, expected: str) -> None:
        if self.position == len(self.tokens):
            found = "nothing"
        else:
            kind, value = self.tokens[self.position]
            found = f"'${value}'" if kind == "name" else f"'{value}'"
        raise ExpressionError(f"'{self.text}' is no expression: {expected}, found {found}")
