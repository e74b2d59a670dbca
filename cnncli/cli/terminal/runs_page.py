"""`cnncli runs --html`: the list of runs as a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote


def write_runs_page(rows: Sequence[dict[str, Any]], cells: Sequence[tuple[str, ...]], folder: Path, file: Path) -> None:
    """Writes the page of the runs in a folder; `cells` has what the terminal shows of each row."""
    from cnncli.explain.topics import explained
    from cnncli.report.page import write
    from cnncli.report.page.runs import RunLine, runs_html
    from cnncli.runs import writing

    lines = []
    for row, (name, state, when, epochs, accuracy) in zip(rows, cells, strict=True):
        at = row["accuracy"] if row["accuracy"] is not None and 0 <= row["accuracy"] <= 1 else None
        low, high = row["accuracy_interval"] or (at or 0.0, at or 0.0)
        images = row["images"]
        lines.append(
            RunLine(
                name,
                state,
                str(row["reason"] or ""),
                row["started"],
                when,
                epochs,
                accuracy,
                at,
                low,
                high,
                f"{images:,}" if isinstance(images, int) else "",
                _page_of(Path(row["path"]), file.parent),
                _history_of(Path(row["path"])),
            )
        )
    page = runs_html(str(folder), lines, explained)
    with writing(file) as aside:
        write(page, aside)


def _page_of(run: Path, here: Path) -> str:
    """Address of the page of a run from a folder; empty if it has none."""
    from cnncli.runs import PAGE

    if not (run / PAGE).is_file():
        return ""
    relative = os.path.relpath((run / PAGE).absolute(), here.absolute())
    return quote(Path(relative).as_posix(), errors="surrogateescape")


def _history_of(run: Path) -> Sequence[Any]:
    from cnncli.errors import RunError
    from cnncli.runner.open_run import OpenRun
    from cnncli.runs import RunDir

    try:
        return OpenRun(RunDir(run)).history_rows
    except RunError:
        return ()
