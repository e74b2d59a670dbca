"""Reads our own texts from the Markdown files in `texts/`, one folder for each family.

A page begins with `# Name`. Paragraphs say what the thing does and when to use it; a list of items such as
"- `filters`: …" explains the arguments; a fenced block of YAML shows how it is written. The pages `# every` and
`# seldom` of a family explain arguments that mean the same wherever the family has them; the latter are seldom changed.
The title of a page of the glossary lists other words for the same thing: `# overfitting, overfit`.
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

KEY, GLOSSARY = "key", "word"
"""The families beside those of the catalogue: the keys of the spec, and words of the field."""

_ITEM = re.compile(r"- `(\w+)`: +(.*)")
_USAGE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK_END = re.compile(r"\n\s*\n|\n(?=- )")


@dataclass
class Page:
    """Our text on one thing."""

    paragraphs: list[str] = field(default_factory=list)  # each on one line; the first says what it is
    arguments: dict[str, str] = field(default_factory=dict)  # description of each, on one line
    usage: str = ""  # YAML that shows how it is written; empty when there is none
    synonyms: tuple[str, ...] = ()  # only of pages of the glossary


@cache
def pages(family: str) -> Mapping[str, Page]:
    """Every page of a family by its name; empty for a family without a folder."""
    by_name: dict[str, Page] = {}
    for file in sorted((FOLDER / family).glob("*.md")):
        by_name |= parse(file.read_text(encoding="utf-8"))
    return by_name


def parse(markdown: str) -> dict[str, Page]:
    """The pages of one file. The text above the first title is for its authors."""
    by_name: dict[str, Page] = {}
    for text in re.split(r"^# ", markdown, flags=re.MULTILINE)[1:]:
        title, _, body = text.partition("\n")
        name, *synonyms = title.strip().split(", ")
        by_name[name] = _page(body, tuple(synonyms))
    return by_name


def _page(body: str, synonyms: tuple[str, ...]) -> Page:
    page = Page(synonyms=synonyms)
    if usage := _USAGE.search(body):
        page.usage = usage[1].rstrip()
    for block in _BLOCK_END.split(_USAGE.sub("\n", body)):
        text = " ".join(block.split())
        if item := _ITEM.match(text):
            page.arguments[item[1]] = item[2]
        elif text:
            page.paragraphs.append(text)
    return page


def plain(markdown: str) -> str:
    """Text without Markdown: `same` in quotes, and `2 * 3 = 6` as it is written by hand."""

    def quoted(match: re.Match[str]) -> str:
        code = match[1]
        return code.replace(" ** ", "^").replace(" * ", "·") if " = " in code else f"'{code}'"

    return re.sub(r"`([^`]*)`", quoted, markdown)
