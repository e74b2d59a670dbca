"""Validators of the values of a spec: whole number, fraction, choice, one value for each axis, another object …

A validator describes in words what it accepts, checks a value, reports every problem in it with its place in the spec,
and describes itself as JSON Schema for editors. Values pass through unchanged but for names of objects, which become
entries, and for whole numbers where any number will do, which become floats: Keras treats the two differently.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cnncli.catalog.meant import meant
from cnncli.errors import KeyPath, Problem
from cnncli.wording import nearest, shown

Accept = Callable[[Any, KeyPath, list[Problem]], Any]


@dataclass(frozen=True)
class Validator:
    """Check of one kind of value."""

    description: str  # completes "expected …": `a whole number of 1 or more`
    accept: Accept  # takes a value, its path and the list of problems to add to; returns the checked value
    schema: dict[str, Any]  # the same as JSON Schema

    @property
    def takes_null(self) -> bool:
        """Whether `null` is accepted."""
        return {"type": "null"} in self.schema.get("anyOf", ())


def validator(
    description: str, fits: Callable[[Any], bool], schema: dict[str, Any], convert: Callable[[Any], Any] | None = None
) -> Validator:
    """A validator that accepts or refuses a value as a whole, and leaves it as it is unless it is to be converted."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if fits(value):
            return convert(value) if convert else value
        problems.append(Problem(path, f"expected {description}, got {shown(value)}{meant(value, fits)}"))
        return value

    return Validator(description, accept, schema)


LARGEST = 2**31 - 1
"""The largest whole number where no other limit is set: TensorFlow counts with 32 bits in places."""


def is_whole(value: Any) -> bool:
    """Whether it is a whole number; true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether it is a finite number; true and false are not."""
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

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if maximum is None and _is_too_large(value) and fits(value):
            problems.append(Problem(path, f"{shown(value)} is too large; whole numbers are at most {LARGEST:,}"))
            return value
        return checked.accept(value, path, problems)

    checked = validator(text, fits, schema)
    return Validator(text, accept, schema)


def _is_too_large(value: Any) -> bool:
    return is_whole(value) and abs(value) > LARGEST


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
        low: Lower limit.
        high: Upper limit.
        above: Exclude `low` itself.
        below: Exclude `high` itself.
        as_written: Keep a whole number as one, because it means something else than the float.
    """
    if low is not None and high is not None:
        text = f"a number from {low:g} to {high:g}"
        if above or below:
            text = (
                f"a number {'above' if above else 'of at least'} {low:g} and {'below' if below else 'at most'} {high:g}"
            )
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

    return validator(text, fits, schema, None if as_written else float)


def choice(*options: str) -> Validator:
    """One of a few words."""
    listed = "one of " + ", ".join(options)

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if value not in options or isinstance(value, bool):
            near = nearest(value, options) if isinstance(value, str) else ""
            problems.append(Problem(path, f"expected {listed}, got {shown(value)}{near}"))
        return value

    return Validator(listed, accept, {"enum": list(options)})


boolean = validator("true or false", lambda v: isinstance(v, bool), {"type": "boolean"})
text = validator("a word", lambda v: isinstance(v, str) and bool(v.strip()), {"type": "string"})


def list_of(item: Validator, length: int | None = None, description: str = "", *, empty: bool = False) -> Validator:
    """A list whose items all pass one validator; `empty` accepts a list without items."""
    size = f"a list of {length}" if length else "a list"
    listed = description or f"{size}, each {item.description}"
    schema: dict[str, Any] = {"type": "array", "items": item.schema}
    if length:
        schema |= {"minItems": length, "maxItems": length}

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        wrong_length = isinstance(value, list) and (len(value) != length if length else not (value or empty))
        if not isinstance(value, list) or wrong_length:
            problems.append(Problem(path, f"expected {listed}, got {shown(value)}{meant(value, is_accepted)}"))
            return value
        return [item.accept(part, (*path, i), problems) for i, part in enumerate(value)]

    def is_accepted(value: Any) -> bool:
        refused: list[Problem] = []
        if isinstance(value, list):
            accept(value, (), refused)
        return isinstance(value, list) and not refused

    return Validator(listed, accept, schema)


def mapping_of(item: Validator) -> Validator:
    """A mapping from names to values that all pass one validator."""
    description = f"a mapping from names to values, each {item.description}"

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if not isinstance(value, dict) or not value:
            problems.append(Problem(path, f"expected {description}, got {shown(value)}"))
            return value
        return {str(name): item.accept(each, (*path, name), problems) for name, each in value.items()}

    return Validator(description, accept, {"type": "object", "additionalProperties": item.schema})


def optional(validator: Validator) -> Validator:
    """A value that the validator accepts, or `null`."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if value is None:
            return None
        before = len(problems)
        accepted = validator.accept(value, path, problems)
        if len(problems) > before and value in ("None", "none", "nil"):
            problems[before:] = [Problem(path, f"expected {validator.description}, got {shown(value)}; write null")]
        return accepted

    return Validator(validator.description, accept, {"anyOf": [validator.schema, {"type": "null"}]})


def any_of(*validators: Validator, description: str = "") -> Validator:
    """A value that one of several validators accepts.

    When none does, the problems reported are those of the validator for its form: of a list for a list, of an object
    for a mapping; for the rest it is one sentence that describes all of them.
    """
    description = description or " or ".join(each.description for each in validators)

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        tried: dict[str, list[Problem]] = {}
        for each in validators:
            refused: list[Problem] = []
            accepted = each.accept(value, path, refused)
            if not refused:
                return accepted
            if _is_too_large(value) and "too large" in refused[0].message:
                problems.extend(refused)
                return value
            tried["object" if "$ref" in each.schema else str(each.schema.get("type", ""))] = refused
        if isinstance(value, dict) and "object" in tried:
            problems.extend(tried["object"])
        elif isinstance(value, list) and "array" in tried:
            problems.extend(tried["array"])
        elif isinstance(value, str) and any("did you mean" in problem.message for problem in tried.get("object", [])):
            problems.extend(tried["object"])
        else:
            problems.append(Problem(path, f"expected {description}, got {shown(value)}{meant(value, is_accepted)}"))
        return value

    def is_accepted(value: Any) -> bool:
        refused: list[list[Problem]] = [[] for _ in validators]
        for each, own in zip(validators, refused, strict=True):
            each.accept(value, (), own)
        return not all(refused)

    return Validator(description, accept, {"anyOf": [each.schema for each in validators]})


positive = number(0, above=True)
not_negative = number(0)
fraction = number(0, 1)
below_one = number(0, 1, below=True)
axis = any_of(whole(), list_of(whole()))
"""An axis of an array, or several; -1 is the last."""
