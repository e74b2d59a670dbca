"""Progress bars on stderr, when that is a terminal. They disappear when they end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


def progress_bar(title: str, total: int | None, unit: str) -> Any:
    """A bar that is not started yet: title, bar, count, unit, remaining time."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn(unit))
    bar = Progress(
        *columns,
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=total)
    return bar


@contextlib.contextmanager
def looking() -> Iterator[Callable[[int, int], None] | None]:
    """Takes the number of files done, and of all files; None where no terminal shows it."""
    from cnncli.cli.console import is_terminal

    if not is_terminal(sys.stderr):
        yield None
        return
    with progress_bar("checking", None, "files") as bar:
        yield lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total)
