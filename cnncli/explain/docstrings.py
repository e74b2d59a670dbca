"""Keras' docstrings as plain text: on a class and on each argument, without examples and Markdown.

They are read from the source of the installed Keras, so they describe the version that trains.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncli.catalog import docstring

_HEADING = re.compile(r"([A-Z][A-Za-z ]*):{1,2}\s*$")
_ARGUMENT = re.compile(r" {4}`?(\*{0,2}\w+(?:, *\w+)*)`?(?: \([^)]*\))?: *(.*)$")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) +(.*)")
_SECTIONS = {
    *("Args", "Arguments", "Attributes", "Call arguments", "Returns", "Raises", "Reference", "References"),
    *("Note", "Notes", "Example", "Examples", "Usage", "Usage examples", "Standalone usage"),
    *("Input shape", "Output shape"),
}


@dataclass(frozen=True)
class Docstring:
    """The docstring of one class or function."""

    paragraphs: tuple[str, ...] = ()  # each on one line; those of a list begin with "- "
    arguments: Mapping[str, str] = field(default_factory=dict)  # description of each, on one line


def read_docstring(family: str, name: str) -> Docstring:
    """The docstring of a name in a family of the catalogue; empty when it has none."""
    return _read(docstring(family, name))


@functools.cache
def _read(text: str) -> Docstring:
    """Once: a word is looked for in all classes that have it as an argument, which are described one by one."""
    sections = _sections(_without_code(text))
    arguments = _arguments([*sections.get("Args", []), *sections.get("Arguments", [])])
    return Docstring(tuple(_paragraphs(sections[""])), arguments)


def _without_code(text: str) -> list[str]:
    """The lines without runnable examples, and without placeholders that Keras fills in when it is imported."""
    text = re.sub(r"[^\n]*```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{\w+\}\}", "", text)
    lines, in_example = [], False
    for line in text.splitlines():
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        lines.append("" if in_example else line)
    return lines


def _sections(lines: list[str]) -> dict[str, list[str]]:
    """The lines under each heading; those before the first heading are under the empty one."""
    heading, sections = "", {"": list[str]()}
    for line in lines:
        match = _HEADING.match(line)
        if match and match[1] in _SECTIONS:
            heading = match[1]
        else:
            sections.setdefault(heading, []).append(line)
    return sections


def _paragraphs(lines: list[str]) -> list[str]:
    """Lines joined to paragraphs; one that announces an example is left out together with it."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        item = _ITEM.match(line)
        if item:
            paragraphs.append([f"- {item[1]}"])
        elif line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    joined = [without_markdown(" ".join(part)) for part in paragraphs if part]
    pairs = zip(joined, [*joined[1:], ""], strict=False)
    return [text for text, following in pairs if not text.endswith(":") or following.startswith("- ")]


def _arguments(lines: list[str]) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    names: list[str] = []
    for line in lines:
        match = _ARGUMENT.match(line)
        if match:
            names = [name.strip() for name in match[1].split(",")]
            parts |= {name: [match[2]] for name in names}
        else:
            for name in names:
                parts[name].append(line.strip())
    return {name: without_markdown(" ".join(filter(None, lines))) for name, lines in parts.items()}


def without_markdown(text: str) -> str:
    """A line of Markdown as plain text."""
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"\1 (\2)", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1", text)
    return " ".join(text.replace("$$", "").replace("`", "").split())
