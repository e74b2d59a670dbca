"""What a value that is not accepted probably means: `yes`, `'5'`, `1/255`, `2^5`, `50%`, `0,5`, `64x64`, `(3, 3)`."""

from __future__ import annotations

import ast
import contextlib
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from cnncli.wording import shown

_TRUTH = {
    **dict.fromkeys(("yes", "on", "y", "true", "1"), True),
    **dict.fromkeys(("no", "off", "n", "false", "0"), False),
}
_ARITHMETIC = re.compile(r"[-+*/().\de ]{1,40}\Z")
_SEPARATOR = re.compile(r"\s*[x×,;\s]\s*")
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_LARGEST_POWER = (1e6, 64)
_LARGEST = 2**53


def meant(value: Any, fits: Callable[[Any], bool]) -> str:
    """The end of a message that says how a value is written, `; write 0.5`; empty if what is meant does not fit."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    word = str(value).strip().lower()
    if word in _TRUTH and fits(_TRUTH[word]):
        return f"; write {shown(_TRUTH[word])}"
    for reading, how in _readings(word, isinstance(value, str)):
        if fits(reading):
            return f"; write {reading}{how}"
    unclosed = re.match(r"\((\d+)\Z", word)  # `{size: (64, 64)}` has two keys, of which one is '64)'
    return "; a list is written in square brackets" if unclosed and fits([int(unclosed[1])] * 2) else ""


def _readings(word: str, is_text: bool) -> Iterator[tuple[Any, str]]:
    """What a word can stand for, with what to say of how it is written."""
    with contextlib.suppress(ValueError, OverflowError):
        comma = word[-1:] in (",", ";")
        quoted = is_text and "_" not in word
        yield _plain(float(word.rstrip(",;"))), ", without the comma" if comma else ", without quotes" if quoted else ""
    if re.match(r"[1-9]\d{0,2}(,\d{3})+\Z", word):
        yield int(word.replace(",", "")), ""
    if re.match(r"\d+,\d+\Z", word):
        yield float(word.replace(",", ".")), ""
    if (percent := re.match(r"(-?[\d.]+)\s*%\Z", word)) and (share := computed(percent[1])) is not None:
        yield _plain(float(f"{share / 100:.6g}")), ""
    numbers = [computed(each) for each in _SEPARATOR.split(word.strip("()[] "))]
    if len(numbers) > 1 and None not in numbers:
        yield numbers, ""
    if (number := computed(word)) is not None:
        yield number, ""


def computed(text: str) -> int | float | None:
    """The value of arithmetic with numbers, in at most six digits if it has a fraction; None for any other text."""
    text = text.replace("^", "**").replace("\u2212", "-")
    if not _ARITHMETIC.match(text):
        return None
    with contextlib.suppress(SyntaxError, ValueError, TypeError, ArithmeticError):
        number = _value(ast.parse(text.strip(), mode="eval").body)
        if abs(number) <= _LARGEST:
            return number if isinstance(number, int) else _plain(float(f"{number:.6g}"))
    return None


def _plain(number: float) -> int | float:
    """A whole number as one.

    Raises:
        ValueError, OverflowError: It is not finite.
    """
    return int(number) if number == int(number) else number


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if not isinstance(node, ast.BinOp) or type(node.op) not in _OPERATORS:
        raise ValueError(node)
    left, right = _value(node.left), _value(node.right)
    if isinstance(node.op, ast.Pow) and (abs(left) > _LARGEST_POWER[0] or abs(right) > _LARGEST_POWER[1]):
        raise ValueError(node)
    return _OPERATORS[type(node.op)](left, right)
