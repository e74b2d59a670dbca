"""Everything that is printed: problems, tables, reports. Results go to stdout, all else to stderr."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click

from cnncli.errors import Problem, path_text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without characters that would move the cursor, change colours or reorder what is shown."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def styled(text: str, **style: Any) -> str:
    """The text in colour or bold, where stdout is a terminal that shows it and nobody minds (NO_COLOR)."""
    return click.style(text, **style) if is_terminal() and not os.environ.get("NO_COLOR") else text


def say(text: str = "") -> None:
    """A line of results, on stdout."""
    click.echo(printable(text))


def notice(text: str) -> None:
    """A line beside the results, on stderr."""
    click.echo(printable(text), err=True)


def show_problems(problems: Sequence[Problem], source: str, kind: str = "problem") -> None:
    """Lists problems on stderr, one line each: place, path, what is wrong."""
    notice(f"{source}: {counted(len(problems), kind)}")
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
        notice(f"  {where:<{widths[0]}}  {path:<{widths[1]}}  {message}")


def counted(number: int, noun: str) -> str:
    """`1 layer`, `2 layers`, `0 classes`."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun.endswith('s') else 's'}"
    return f"{number:,} {noun}"


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = (), last: bool = False
) -> None:
    """Prints a table on stdout: columns as wide as they need, headings dimmed in a terminal.

    Args:
        columns: headings.
        rows: as many cells each; in a terminal the last cell is wrapped rather than broken at the edge.
        right: headings of the columns that are aligned to the right.
        last: whether the last row is a total, set apart by a line.
    """
    from rich.cells import cell_len

    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(cell_len(row[i]) for row in [columns, *cells]) for i in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        aligned = []
        for heading, cell, width in zip(columns, row, widths, strict=True):
            blank = " " * (width - cell_len(cell))
            aligned.append(blank + cell if heading in right else cell + blank)
        return _hanging("  ".join(aligned).rstrip(), sum(widths[:-1]) + 2 * (len(widths) - 1))

    click.echo(styled(line(columns), bold=True))
    for number, row in enumerate(cells):
        if last and number == len(cells) - 1:
            click.echo("  ".join("-" * width for width in widths))
        click.echo(line(row))


def _hanging(text: str, indent: int) -> str:
    """A line that goes on below its last column where the terminal ends."""
    room = terminal_width()
    if not sys.stdout.isatty() or len(text) <= room or room - indent < 20:
        return text
    wrapped = textwrap.wrap(text[indent:], room - indent)
    return text[:indent] + f"\n{' ' * indent}".join(wrapped)


def show_paragraph(text: str, indent: int) -> None:
    """Text on stdout, wrapped to the terminal."""
    blank = " " * indent
    say(textwrap.fill(text, min(terminal_width(), 100), initial_indent=blank, subsequent_indent=blank))


def is_terminal(stream: Any = None) -> bool:
    """Whether a stream, stdout unless given, is a terminal that can do more than print lines."""
    return bool((stream or sys.stdout).isatty()) and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def figures(metrics: Any) -> str:
    """`loss 0.0812   accuracy 0.9760`."""
    return "   ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def memory(size: int) -> str:
    """Bytes as people read them: `2.0 MiB`."""
    power = min(max(size.bit_length() - 1, 0) // 10, 4)
    return f"{size} B" if not power else f"{size / 1024**power:.1f} {'KMGT'[power - 1]}iB"


def show_report(evaluation: Any, report: Any) -> None:
    """The classification report of a split, with loss and metrics."""
    say(report.text)
    say(f"{evaluation.split}   {figures(evaluation.metrics)}")
