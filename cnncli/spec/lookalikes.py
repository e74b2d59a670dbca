"""Characters that look like a space or a hyphen and are none to YAML: word processors and web pages put them in."""

from __future__ import annotations

import re

_SPACE = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]")
_DASH = re.compile("([\u2010-\u2015\u2212\u2022\u00b7])[ \u00a0\\d]")


def lookalike(text: str) -> str:
    """What is wrong with the beginning of a key or a value, in a sentence; empty when nothing is."""
    if space := _SPACE.match(text):
        character = f"U+{ord(space[0]):04X}"
        return f"before this stands a space of another kind ({character}), a letter to YAML; use ordinary spaces"
    if dash := _DASH.match(text):
        return f"'{dash[1]}' (U+{ord(dash[1]):04X}) does not count as a hyphen; write '-'"
    return ""


def lookalike_above(text: str, line: int) -> tuple[int, int, str] | None:
    """The last line up to `line` that begins so, and its column, both from 0, with the sentence; None without one."""
    for number, each in reversed(list(enumerate(text.splitlines()[: line + 1]))):
        stripped = each.lstrip(" ")
        if message := lookalike(stripped):
            return number, len(each) - len(stripped), message
    return None
