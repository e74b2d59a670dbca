"""What an argument may be: whole number, fraction, choice, one value for each axis, another object …

A kind says in words what it takes, checks a value and reports every problem in it with its place in the spec, and
describes itself as JSON Schema for editors. Values pass through unchanged but for names of objects, which become
entries, and for whole numbers where any number will do, which become floats: Keras minds the difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cnncli.errors import KeyPath, Problem
from cnncli.wording import nearest, shown

Accept = Callable[[Any, KeyPath, list[Problem]], Any]


@dataclass(frozen=True)
class Validator:
    """One kind of value.

    Args:
        words: completes "expected …": `a whole number of 1 or more`.
        accept: takes a value, its path and the list of problems to add to; returns the value to keep.
        schema: the same as JSON Schema.
    """

    words: str
    accept: Accept
    schema: dict[str, Any]


def _kind(words: str, fits: Callable[[Any], bool], schema: dict[str, Any]) -> Validator:
    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if not fits(value):
            problems.append(Problem(path, f"expected {words}, got {shown(value)}"))
        return value

    return Validator(words, accept, schema)


def is_whole(value: Any) -> bool:
    """A whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """A finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def whole(minimum: int | None = None, maximum: int | None = None, *, words: Sequence[str] = ()) -> Validator:
    """A whole number, or one of a few words that stand for one, such as `classes`."""
    text = "a whole number"
    schema: dict[str, Any] = {"type": "integer"}
    if minimum is not None:
        text += f" of {minimum} or more"
        schema["minimum"] = minimum
    if maximum is not None:
        text = f"a whole number from {minimum} to {maximum}"
        schema["maximum"] = maximum
    text += "".join(f" or '{word}'" for word in words)
    if words:
        schema = {"anyOf": [schema, {"enum": list(words)}]}

    def fits(value: Any) -> bool:
        if not is_whole(value):
            return isinstance(value, str) and value in words
        return (minimum is None or value >= minimum) and (maximum is None or value <= maximum)

    return _kind(text, fits, schema)


def number(
    low: float | None = None,
    high: float | None = None,
    *,
    above: bool = False,
    below: bool = False,
    as_written: bool = False,
) -> Validator:
    """A finite number from `low` to `high`, as a float.

    Args:
        low: the least.
        high: the greatest.
        above: leave `low` itself out.
        below: leave `high` itself out.
        as_written: let a whole number stay one, because it means something else.
    """
    if low is not None and high is not None:
        ends = (" (not itself)" if above else "", " (not itself)" if below else "")
        text = f"a number from {low:g}{ends[0]} to {high:g}{ends[1]}"
    elif low is not None:
        text = f"a number above {low:g}" if above else f"a number of {low:g} or more"
    else:
        text = "a number"
    schema: dict[str, Any] = {"type": "number"}
    if low is not None:
        schema["exclusiveMinimum" if above else "minimum"] = low
    if high is not None:
        schema["exclusiveMaximum" if below else "maximum"] = high

    def fits(value: Any) -> bool:
        if not is_number(value):
            return False
        low_enough = low is None or value > low or (value == low and not above)
        high_enough = high is None or value < high or (value == high and not below)
        return low_enough and high_enough

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if not fits(value):
            problems.append(Problem(path, f"expected {text}, got {shown(value)}"))
            return value
        return value if as_written else float(value)

    return Validator(text, accept, schema)


def choice(*options: str) -> Validator:
    """One of a few words."""
    listed = "one of " + ", ".join(options)

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if value not in options or isinstance(value, bool):
            near = nearest(value, options) if isinstance(value, str) else ""
            problems.append(Problem(path, f"expected {listed}, got {shown(value)}{near}"))
        return value

    return Validator(listed, accept, {"enum": list(options)})


boolean = _kind("true or false", lambda v: isinstance(v, bool), {"type": "boolean"})
text = _kind("a word", lambda v: isinstance(v, str) and bool(v.strip()), {"type": "string"})


def list_of(item: Validator, length: int | None = None, words: str = "", *, empty: bool = False) -> Validator:
    """A list whose items are all of one kind; `empty` says whether it may have none."""
    counted = f"a list of {length}" if length else "a list"
    listed = words or f"{counted}, each {item.words}"
    schema: dict[str, Any] = {"type": "array", "items": item.schema}
    if length:
        schema |= {"minItems": length, "maxItems": length}

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        wrong_length = isinstance(value, list) and (len(value) != length if length else not (value or empty))
        if not isinstance(value, list) or wrong_length:
            problems.append(Problem(path, f"expected {listed}, got {shown(value)}"))
            return value
        return [item.accept(part, (*path, i), problems) for i, part in enumerate(value)]

    return Validator(listed, accept, schema)


def mapping_of(item: Validator) -> Validator:
    """A mapping from names to values that are all of one kind."""
    words = f"a mapping from names to values, each {item.words}"

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if not isinstance(value, dict) or not value:
            problems.append(Problem(path, f"expected {words}, got {shown(value)}"))
            return value
        return {str(name): item.accept(given, (*path, name), problems) for name, given in value.items()}

    return Validator(words, accept, {"type": "object", "additionalProperties": item.schema})


def optional(kind: Validator) -> Validator:
    """A value of this kind, or none."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        return None if value is None else kind.accept(value, path, problems)

    return Validator(kind.words, accept, {"anyOf": [kind.schema, {"type": "null"}]})


def any_of(*kinds: Validator) -> Validator:
    """A value that fits one of several kinds.

    When it fits none, the problems of the kind that comes nearest by its shape are told: those of a list for a list,
    those of an object for a mapping, and one sentence naming all kinds for the rest.
    """
    words = " or ".join(kind.words for kind in kinds)

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        tried: dict[str, list[Problem]] = {}
        for kind in kinds:
            found: list[Problem] = []
            kept = kind.accept(value, path, found)
            if not found:
                return kept
            tried["object" if "$ref" in kind.schema else str(kind.schema.get("type", ""))] = found
        if isinstance(value, dict) and "object" in tried:
            problems.extend(tried["object"])
        elif isinstance(value, list) and "array" in tried:
            problems.extend(tried["array"])
        elif isinstance(value, str) and any("did you mean" in problem.message for problem in tried.get("object", [])):
            problems.extend(tried["object"])
        else:
            problems.append(Problem(path, f"expected {words}, got {shown(value)}"))
        return value

    return Validator(words, accept, {"anyOf": [kind.schema for kind in kinds]})


positive = number(0, above=True)
not_negative = number(0)
fraction = number(0, 1)
below_one = number(0, 1, below=True)
axis = any_of(whole(), list_of(whole()))
"""An axis of an array, or several; -1 is the last."""


def per_axis(item: Validator, axes: int) -> Validator:
    """One value for all axes of an image, or a list with one for each."""
    if axes == 1:
        return any_of(item, list_of(item, 1))
    return any_of(item, list_of(item, axes, f"a list of {axes} numbers"))
