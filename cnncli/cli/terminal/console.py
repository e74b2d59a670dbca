"""Output: problems, tables, reports, progress bars. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import click

from cnncli.errors import Problem, path_text
from cnncli.wording import counted

MOST_PROBLEMS = 100
"""Problems shown of one file; more are one mistake made many times."""

_NARROW = 30  # columns; a sentence cannot be read in fewer
_WIDEST = (200, 200, 1000)  # place, path and message of a problem: a key may be as long as a file
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without characters that move the cursor, change colours or reorder text."""
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """The same on one line: line breaks in a name from a file would look like lines of this program."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def accept_any_text() -> None:
    """Makes stdout and stderr write characters that their encoding lacks as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def styled(text: str, **style: Any) -> str:
    """The text in colour or bold, if stdout is a terminal and NO_COLOR is not set."""
    text = printable(text)
    return click.style(text, **style) if is_terminal() and not os.environ.get("NO_COLOR") else text


def say(text: str = "") -> None:
    """Prints a line of results on stdout."""
    click.echo(printable(text))


def notice(text: str) -> None:
    """Prints a line that is not a result on stderr."""
    click.echo(printable(text), err=True)


def next_step(*command: object) -> None:
    """Names the command that usually follows, on stderr: what a program reads on stdout stays the result."""
    notice(f"next: cnncli {shlex.join(map(str, command))}")


def print_json(value: Any) -> None:
    """Prints a value on stdout for programs."""
    click.echo(json.dumps(value, indent=2))


def show_problems(
    problems: Sequence[Problem], source: str, kind: str = "problem", write: Callable[[str], None] = notice
) -> None:
    """Lists problems, one line each: place, path, message; in a terminal long ones are wrapped.

    Args:
        problems: Problems with their places.
        source: File that contains them.
        kind: Singular noun for the heading.
        write: `notice`, or `say` where the problems are the result.
    """
    write(f"{_clipped(one_line(source), _WIDEST[0])}: {counted(len(problems), kind)}")
    rows = []
    for problem in problems[:MOST_PROBLEMS]:
        place = problem.place
        where = f"{place.line}:{place.column}" if place else ""
        if place and place.file != source:
            where = f"{place.file}:{where}" if not place.file.startswith("--") else place.file
        code = f" [{problem.code}]" if problem.code else ""
        row = (where, path_text(problem.path), problem.message + code)
        rows.append([_clipped(one_line(text), most) for text, most in zip(row, _WIDEST, strict=True)])
    widths = [min(max(len(row[i]) for row in rows), 60) for i in range(2)]
    for where, path, message in rows:
        before = f"  {where:<{widths[0]}}  {path:<{widths[1]}}  "
        write(hanging(before + message, len(before), sys.stdout if write is say else sys.stderr))
    if len(problems) > MOST_PROBLEMS:
        write(f"  and {len(problems) - MOST_PROBLEMS:,} more")


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[str] = (),
    last: bool = False,
    shortened: Sequence[str] = (),
) -> None:
    """Prints a table on stdout, with bold headings in a terminal.

    Args:
        columns: Headings.
        rows: Rows of as many cells; in a terminal the last cell is wrapped.
        right: Headings of the columns that are aligned to the right.
        last: Whether the last row is a total, set apart by a line.
        shortened: Headings of the columns whose cells lose their middle, the first one first, where a terminal is too
            narrow.
    """
    from rich.cells import cell_len

    headings, *cells = ([one_line(cell) for cell in row] for row in [columns, *rows])
    widths = [max(cell_len(row[i]) for row in [headings, *cells]) for i in range(len(columns))]
    for at in (columns.index(heading) for heading in shortened if sys.stdout.isatty()):
        excess = sum(widths) + 2 * (len(widths) - 1) - terminal_width()
        widths[at] = max(widths[at] - max(excess, 0), min(widths[at], _NARROW))
        cells = [[*row[:at], without_middle(row[at], widths[at]), *row[at + 1 :]] for row in cells]

    def line(row: Sequence[str]) -> str:
        aligned = []
        for heading, cell, width in zip(columns, row, widths, strict=True):
            blank = " " * (width - cell_len(cell))
            aligned.append(blank + cell if heading in right else cell + blank)
        return hanging("  ".join(aligned).rstrip(), sum(widths[:-1]) + 2 * (len(widths) - 1))

    click.echo(styled(line(headings), bold=True))
    for number, row in enumerate(cells):
        if last and number == len(cells) - 1:
            click.echo("  ".join("-" * width for width in widths))
        click.echo(line(row))


def without_middle(text: str, columns: int) -> str:
    """The text with … in place of its middle if it takes more columns: file names often differ at the end."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= columns:
        return text
    head = (columns - 1) // 3
    tail = set_cell_size(text[::-1], columns - 1 - head)[::-1]
    return f"{set_cell_size(text, head)}…{tail}"


def hanging(text: str, indent: int, stream: Any = None) -> str:
    """A line wrapped below its last column, or with a small indentation where that column is narrow."""
    room = terminal_width()
    if not (stream or sys.stdout).isatty() or len(text) <= room:
        return text
    if room - indent < _NARROW:
        return textwrap.fill(text, room, subsequent_indent=" " * 6, drop_whitespace=True)
    wrapped = textwrap.wrap(text[indent:], room - indent)
    return text[:indent] + f"\n{' ' * indent}".join(wrapped)


def show_paragraph(text: str, indent: int = 0) -> None:
    """Prints text on stdout, wrapped to the terminal."""
    blank = " " * indent
    room = min(terminal_width(), 100)
    say(textwrap.fill(text, room, initial_indent=blank, subsequent_indent=blank, break_on_hyphens=False))


def is_terminal(stream: Any = None) -> bool:
    """Whether a stream, stdout by default, is a terminal that can move its cursor."""
    return bool((stream or sys.stdout).isatty()) and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 80 if there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def show_report(evaluation: Any, report: Any) -> None:
    """Prints the classification report of a split, with loss and metrics."""
    from cnncli.report.classification import summary_lines, unmeasured_line

    say(report.text)
    if line := unmeasured_line(evaluation):
        say(line)
    for line in summary_lines(evaluation, report):
        say(line)


def progress_bar(title: str, total: int | None, unit: str) -> Any:
    """A bar that is not started yet: title, bar, count, unit, remaining time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    counts = TextColumn(title), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn(unit)
    columns = (*counts, TimeRemainingColumn(compact=True), TextColumn("left"))
    screen = Console(stderr=True)
    bar = Progress(*columns, console=screen, transient=True, redirect_stdout=False, redirect_stderr=False)
    bar.add_task("", total=total)
    return bar


@contextlib.contextmanager
def file_progress(title: str = "checking") -> Iterator[Callable[[int, int], None] | None]:
    """Gives a function of the number of files that are done and of all files; None where no terminal shows a bar."""
    if not is_terminal(sys.stderr):
        yield None
        return
    with progress_bar(title, None, "files") as bar:
        yield lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total)
