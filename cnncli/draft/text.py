"""Comments, names and numbers as a drafted spec has them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100
"""Columns to which comments are wrapped."""


_UNPRINTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def printed(text: str) -> str:
    """Text on one line; the name of a file or class may contain characters that end a comment or that YAML refuses."""
    escaped = _UNPRINTED.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
    return " ".join(escaped.split())


def comment(text: str, indent: int = 0) -> list[str]:
    """A paragraph as lines of comment; no lines for an empty text."""
    wrapper = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    wrapper.initial_indent = wrapper.subsequent_indent = " " * indent + "# "
    return wrapper.wrap(printed(text))


def blocks(parts: Iterable[list[str]]) -> list[str]:
    """The lines of all parts with a blank line between two parts; empty parts are left out."""
    lines: list[str] = []
    for part in filter(None, parts):
        lines += [*([""] if lines else []), *part]
    return lines


def joined(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
