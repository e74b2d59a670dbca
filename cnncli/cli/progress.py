"""A bar for looking at many files, on stderr when that is a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def looking() -> Iterator[Callable[[int, int], None] | None]:
    """What to tell how many files are done, and of how many; None where no terminal shows it. Gone at the end."""
    from cnncli.cli.console import is_terminal

    if not is_terminal(sys.stderr):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("looking"), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn("files"))
    bar = Progress(*columns, TimeRemainingColumn(compact=True), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
