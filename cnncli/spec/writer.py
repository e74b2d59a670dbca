"""Values as YAML 1.2 that reads back as the same values, laid out as a person would: a layer to a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from cnncli.spec.schema import sections
from cnncli.wording import quoted

WIDTH = 118
"""Columns after which a mapping is broken into lines."""

# Begins with a letter or as a path does, so it is no number, and has nothing in it that means something to YAML.
_PLAIN = re.compile(r"(?:\.{0,2}/)?[^\W\d_](?:[\w ./+-]*[\w./+-])?\Z")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})  # the last six to YAML 1.1 alone


def scalar(value: str | int | float | bool | None) -> str:
    """One word, number or truth value; text that YAML would read otherwise is quoted, the unprintable escaped."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.match(value) and value.lower() not in _WORDS:
        return value
    return quoted(value)


def flow(value: Any) -> str:
    """Any value on one line: `{filters: 32, kernel_size: [3, 3]}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def setting(key: str, value: Any, indent: int) -> list[str]:
    """A key with its value, on one line where it fits."""
    blank = " " * indent
    line = f"{blank}{scalar(key)}: {flow(value)}"
    has_objects = isinstance(value, list) and any(isinstance(item, Mapping) for item in value)  # an item to a line
    if not value or (len(line) <= WIDTH and not has_objects):
        return [line]
    if isinstance(value, Mapping):
        return [f"{blank}{scalar(key)}:", *(line for item in value.items() for line in setting(*item, indent + 2))]
    if isinstance(value, list | tuple):
        return [f"{blank}{scalar(key)}:", *(line for item in value for line in entry(item, indent + 2))]
    return [line]


def entry(value: Any, indent: int) -> list[str]:
    """An item of a list, such as a layer or callback: `- Conv2D: {filters: 32}`."""
    blank = " " * indent
    line = f"{blank}- {flow(value)}"
    if not isinstance(value, Mapping) or len(value) != 1:
        return [line]
    first, *others = setting(*next(iter(value.items())), indent + 2)
    return [f"{blank}- {first.lstrip()}", *others]


def spec_text(value: Mapping[str, Any]) -> str:
    """A whole spec: its sections as blocks, its lists an item to a line, the rest on one line where it fits."""
    return "\n".join(_section(value, ())) + "\n"


def _section(value: Mapping[str, Any], path: tuple[str | int, ...]) -> list[str]:
    lines = []
    schema = sections()
    indent = 2 * len(path)
    for key, item in value.items():
        line = f"{' ' * indent}{scalar(key)}: {flow(item)}"
        if isinstance(item, Mapping) and (*path, key) in schema and (not path or len(line) > WIDTH):
            lines += [f"{' ' * indent}{scalar(key)}:", *_section(item, (*path, key))]
        else:
            lines += setting(key, item, indent)
    return lines
