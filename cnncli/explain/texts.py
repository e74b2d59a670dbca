"""Reads our own words from the Markdown files in `texts/`, one folder for each family.

A page begins with `# Name`. Paragraphs say what the thing does and when to use it; a list of items such as
"- `filters`: …" explains the arguments; a fenced block of YAML shows how it is written. Behind the word `yaml` of a
layer's block stand the shapes that its example is worked out on: `yaml on 28×28×32`. The pages `# every` and
`# seldom` of a family explain arguments that mean the same wherever it has them; the latter are seldom changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("texts")
EVERY, SELDOM = "every", "seldom"
"""The names of the pages on arguments that mean the same throughout a family."""

KEY = "key"
"""The family of the spec's own keys, which stands beside those of the catalogue."""

_ITEM = re.compile(r"- `(\w+)`: +(.*)")
_FENCE = re.compile(r"```(\w*)(?: on (.*))?$")

Shape = tuple[int, ...]


@dataclass
class Text:
    """Our own words on one thing.

    Args:
        paragraphs: each on one line, the first one says what it is.
        arguments: words on each argument, on one line.
        usage: YAML that shows how it is written; empty when there is none.
        given: shapes that the usage of a layer is worked out on.
    """

    paragraphs: list[str] = field(default_factory=list)
    arguments: dict[str, str] = field(default_factory=dict)
    usage: str = ""
    given: tuple[Shape, ...] = ()


@cache
def texts(family: str) -> Mapping[str, Text]:
    """Every page of a family by its name; none for a family that has no folder."""
    found: dict[str, Text] = {}
    for file in sorted((FOLDER / family).glob("*.md")):
        found |= parse(file.read_text(encoding="utf-8"))
    return found


def parse(markdown: str) -> dict[str, Text]:
    """The pages of one file. What stands above the first name is for its authors."""
    found: dict[str, Text] = {}
    for page in re.split(r"^# ", markdown, flags=re.MULTILINE)[1:]:
        name, _, body = page.partition("\n")
        found[name.strip()] = _page(body)
    return found


def _page(body: str) -> Text:
    text = Text()
    for block in _blocks(body):
        fence, item = _FENCE.match(block[0]), _ITEM.match(block[0])
        if fence:
            text.usage = "\n".join(block[1:])
            text.given = tuple(shape_of(word) for word in (fence[2] or "").split(", ") if word)
        elif item:
            text.arguments[item[1]] = _joined([item[2], *block[1:]])
        else:
            text.paragraphs.append(_joined(block))
    return text


def _blocks(body: str) -> list[list[str]]:
    """Fenced blocks, items and paragraphs, each with its lines; the closing fence is left out."""
    blocks: list[list[str]] = [[]]
    fenced = False
    for line in body.splitlines():
        if line.startswith("```"):
            blocks.append([] if fenced else [line])
            fenced = not fenced
        elif fenced:
            blocks[-1].append(line)
        elif not line.strip():
            blocks.append([])
        elif line.startswith("- "):
            blocks.append([line])
        else:
            blocks[-1].append(line)
    return [block for block in blocks if block]


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def shape_of(text: str) -> Shape:
    """`28×28×1` → `(28, 28, 1)`."""
    return tuple(int(part) for part in text.split("×"))


def plain(markdown: str) -> str:
    """Words without Markdown: `same` in quotes, and `2 * 3 = 6` as it is written by hand."""

    def quoted(match: re.Match[str]) -> str:
        code = match[1]
        return code.replace(" ** ", "^").replace(" * ", "·") if " = " in code else f"'{code}'"

    return re.sub(r"`([^`]*)`", quoted, markdown)
