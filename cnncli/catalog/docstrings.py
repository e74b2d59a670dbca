"""Keras' docstrings as plain text: its words on a class and on each argument, without examples and Markdown.

They are read from the installed Keras' source, so they are those of the version that trains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncli.catalog.source import docstring

_HEADING = re.compile(r"([A-Z][A-Za-z ]*):{1,2}\s*$")
_ARGUMENT = re.compile(r" {4}`?(\*{0,2}\w+(?:, *\w+)*)`?(?: \([^)]*\))?: *(.*)$")
_SECTIONS = {
    *(
        "Args",
        "Arguments",
        "Attributes",
        "Call arguments",
        "Returns",
        "Raises",
        "Reference",
        "References",
        "Note",
        "Notes",
    ),
    *("Example", "Examples", "Usage", "Usage examples", "Standalone usage", "Input shape", "Output shape"),
}


@dataclass(frozen=True)
class Words:
    """What Keras says of one of its classes.

    Args:
        paragraphs: each on one line; those of a list begin with "- ".
        arguments: what it says of each argument, on one line.
    """

    paragraphs: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)


def words_of(family: str, name: str) -> Words:
    """Keras' own words on a class or function of the catalogue; empty where it has none.

    Args:
        family: such as `layer`.
        name: a name of the catalogue.
    """
    sections = _sections(_without_code(docstring(family, name)).splitlines())
    arguments = _arguments([*sections.get("Args", []), *sections.get("Arguments", [])])
    return Words(tuple(_paragraphs(sections[""])), arguments)


def _without_code(text: str) -> str:
    """The text without examples to run, and without placeholders that Keras fills in when it is imported."""
    text = re.sub(r"[^\n]*```.*?```", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{\w+\}\}", "", text)
    kept, in_example = [], False
    for line in text.splitlines():
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        kept.append("" if in_example else line)
    return "\n".join(kept)


def _sections(lines: list[str]) -> dict[str, list[str]]:
    """The lines under each heading; those before the first are under none."""
    heading = ""
    found: dict[str, list[str]] = {"": []}
    for line in lines:
        match = _HEADING.match(line)
        if match and match[1] in _SECTIONS:
            heading = match[1]
            found.setdefault(heading, [])
        else:
            found[heading].append(line)
    return found


def _paragraphs(lines: list[str]) -> list[str]:
    """Lines joined to paragraphs; one that announced an example is left out with it."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        item = re.match(r"\s*(?:[-*]|\d+\.) +(.*)", line)
        if item:
            paragraphs.append([f"- {item[1]}"])
        elif line.strip():
            paragraphs[-1].append(line.strip())
        else:
            paragraphs.append([])
    joined = [plain(" ".join(part)) for part in paragraphs if part]
    followers = [*joined[1:], ""]
    pairs = zip(joined, followers[: len(joined)], strict=True)
    return [text for text, follower in pairs if not text.endswith(":") or follower.startswith("- ")]


def _arguments(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in lines:
        match = _ARGUMENT.match(line)
        if match:
            names = [name.strip() for name in match[1].split(",")]
            found |= {name: [match[2]] for name in names}
        else:
            for name in names:
                found[name].append(line.strip())
    return {name: plain(" ".join(part for part in parts if part)) for name, parts in found.items()}


def plain(text: str) -> str:
    """A line of Markdown as plain text."""
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r"\1 (\2)", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1", text)
    text = text.replace("$$", "").replace("`", "")
    return " ".join(text.split())
