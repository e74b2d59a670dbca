"""Patterns that find the group of an image in its path, and the refusal of those that could take forever."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from re import _parser  # type: ignore[attr-defined]  # the only view of what a pattern consists of
from typing import Any

from cnncli.wording import shown

MAX_LENGTH = 200
"""Characters of a pattern."""

MAX_REPEATS = 4
"""Repeats of open length: with each more, the time for a name may grow by its length once again."""

_LONG = 10  # times that one text may be repeated before its length counts as open


def wrong_pattern(pattern: Any) -> str:
    r"""Why this cannot be the pattern of a group; empty when it can.

    Example:
        >>> wrong_pattern(r"patient_(\d+)")
        ''
        >>> wrong_pattern("patient")
        "expected one group in parentheses, such as 'patient_(\\d+)'; got none"
    """
    if not isinstance(pattern, str) or not pattern:
        return f"expected a regular expression with one group, such as 'patient_(\\d+)'; got {shown(pattern)}"
    if len(pattern) > MAX_LENGTH:
        return f"the pattern has {len(pattern):,} characters; at most {MAX_LENGTH} are allowed"
    try:
        with warnings.catch_warnings(action="ignore"):
            groups, parsed = re.compile(pattern).groups, _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"this is not a regular expression: {error}"
    if groups != 1:
        several = "none" if not groups else f"{groups}; write (?:…) for the others"
        return f"expected one group in parentheses, such as 'patient_(\\d+)'; got {several}"
    repeats = [(most - least, body) for least, most, body in _repeats(parsed) if most > 1]
    if sum(times > _LONG for times, _ in repeats) > MAX_REPEATS or any(_varies(body) for _, body in repeats):
        return (
            f"this pattern could take too long; use at most {MAX_REPEATS} of '*' and '+', "
            "and neither these nor '|' within a part that is repeated"
        )
    return ""


def _repeats(parsed: Any) -> Iterator[tuple[int, int, Any]]:
    """Every repeat in a pattern: the least and the greatest number of times, and what is repeated."""
    for operation, argument in _parts(parsed):
        if operation in (_parser.MAX_REPEAT, _parser.MIN_REPEAT):
            yield int(argument[0]), int(argument[1]), argument[2]


def _varies(body: Any) -> bool:
    """Whether what is repeated can match one text in several ways."""
    branches = any(operation is _parser.BRANCH for operation, _ in _parts(body))
    return branches or any(least != most for least, most, _ in _repeats(body))


def _parts(parsed: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a pattern, those within others included."""
    for operation, argument in parsed:
        yield operation, argument
        for inner in _inside(argument):
            yield from _parts(inner)


def _inside(argument: Any) -> Iterator[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from _inside(each)
