"""Everything that is printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from cnncli.errors import Problem, path_text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text without characters that would move the cursor, change colours or reorder what is shown."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def show_problems(problems: Sequence[Problem], source: str, kind: str = "problem") -> None:
    """Lists problems on stderr, one line each: place, path, what is wrong."""
    plural = "" if len(problems) == 1 else "s"
    click.echo(printable(f"{source}: {len(problems)} {kind}{plural}"), err=True)
    rows = []
    for problem in problems:
        place = problem.place
        where = f"{place.line}:{place.column}" if place else ""
        if place and place.file != source:
            where = f"{place.file}:{where}" if not place.file.startswith("--set") else place.file
        code = f" [{problem.code}]" if problem.code else ""
        rows.append((where, path_text(problem.path), problem.message + code))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    for where, path, message in rows:
        click.echo(printable(f"  {where:<{widths[0]}}  {path:<{widths[1]}}  {message}"), err=True)
