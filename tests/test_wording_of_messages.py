"""What users read is idiomatic English: messages, help, texts, docs, README and the comments of the shipped specs.

Each pattern is one that was once all over the place, with the words to use instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from package_trees import PACKAGE, SOURCES, nodes_of, tree_of

REPOSITORY = Path(__file__).parents[1]

INSTEAD = {
    r"(?<!there )\b(is|are|was|were) no (?!(longer|more|less|better|larger|slower|faster)\b)\w+": "is not a …",
    r"\btold\b|\btells? of\b|\btell apart\b|\btelling apart\b": "reported, classified, distinguished",
    r"\bg(o|oes|one|oing) on\b": "resume, continue",
    r"\bby heart\b": "memorised",
    r"\bwhat (it|they|that|this|all of them) takes?\b": "cost: time, memory, disk",
    r"\bso many\b": "number of, as many as",
    r"\bbegins? anew\b|\bbegun anew\b": "is initialised randomly, starts again",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bwith a word\b|\bwithout a word\b": "with a message, silently",
    r"\bknows? (what|whether|how)\b|\bknows nothing\b": "a field or an action, no personification",
    r"\bwants?\b": "needs, requires",
    r"\bends? in \d": "exits with",
    r"\bwherever that was\b|\ball the same\b|\bat all events\b": "(leave it out)",
    r"\bleads? out of\b": "points outside",
    r"\bcannot be looked at\b": "cannot be read",
    r"\bthat (is|are) free\b": "free memory, free disk space",
    r"\bas it has to be\b|\bhas to bear\b|\bworth (its|their) while\b": "needed, affordable, pays off",
    r"\btakes? (it|them|this|that|the \w+) (out|away)\b|\btaken (out|away)\b": "removes",
    r"\bwhat pictures show\b": "classify images",
    r"\bwhoever\b": "the reader, the user, who",
    r"\bseen to it\b|\bsees? to it\b|\bsee to\b": "ensures, check",
    r"\bwhat was reached\b|\beverything (that was )?reached\b": "results so far",
}
ANY = re.compile("|".join(f"(?:{pattern})" for pattern in INSTEAD), re.IGNORECASE)
ALLOWED = re.compile(r"with so many images|you want")
"""Legitimate uses of a pattern."""

Place = tuple[str, str]
"""Where a text is, and the text."""


def strings_of(tree: ast.Module, name: str) -> Iterator[Place]:
    """The string literals of a module that a user may read: all but docstrings; those of commands are their help."""
    hidden = set()
    for node in nodes_of(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            command = any("command" in ast.unparse(each) for each in getattr(node, "decorator_list", ()))
            hidden |= set() if command else {id(getattr(node.body[0], "value", None))}
        if hasattr(node, "body") and isinstance(node.body, list):  # a string on its own describes the line above it
            alone = [each.value for each in node.body if isinstance(each, ast.Expr)]
            hidden |= {id(value) for value in alone if not isinstance(node, ast.FunctionDef)}
    for node in nodes_of(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            yield f"{name}:{node.lineno}", node.value


@cache
def texts() -> list[Place]:
    """Everything that users read, with its place."""
    found = [place for file in SOURCES for place in strings_of(tree_of(file), name_of(file))]
    pages = [*PACKAGE.rglob("*.md"), REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
    for file in sorted([*pages, *(REPOSITORY / "configs").rglob("*.yaml")]):
        text = file.read_text("utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            shown = line.partition("#")[2] if file.suffix == ".yaml" else line
            found.append((f"{name_of(file)}:{number}", shown))
    return found


def name_of(file: Path) -> str:
    """The path of a file in the repository, from which the package may have been installed elsewhere."""
    top = PACKAGE.parent if file.is_relative_to(PACKAGE) else REPOSITORY
    return file.relative_to(top).as_posix()


def findings(places: Iterable[Place]) -> list[str]:
    """Every use of a pattern, with its place and the words to use instead."""
    return [
        f"{place}: {match.group()!r} → {instead}: {text.strip()[:100]}"
        for place, text in places
        if ANY.search(ALLOWED.sub("", text))
        for pattern, instead in INSTEAD.items()
        if (match := re.search(pattern, ALLOWED.sub("", text), re.IGNORECASE))
    ]


def test_what_users_read_is_idiomatic():
    assert findings(texts()) == []


def test_each_kind_of_text_is_searched_and_a_bad_one_is_found():
    kinds = {re.sub(r"[^/.]*(\.\w+):\d+", r"*\1", place) for place, _ in texts()}
    assert kinds >= {"cnncli/cli/*.py", "cnncli/explain/texts/key/*.md", "docs/*.md", "*.md", "configs/*.yaml"}
    command = '@click.command()\ndef a():\n    """Told."""\n    """told"""\n    say("is no array")\n'
    module = 'import click\n"""told"""\n\n\n' + command
    assert [place for place, _ in strings_of(ast.parse(module), "a.py")] == ["a.py:7", "a.py:8", "a.py:9"]
    assert len(findings(strings_of(ast.parse(module), "a.py"))) == 3
    assert findings([("a", "there is no file, it is no longer there, and what it does")]) == []
