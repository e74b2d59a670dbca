"""What `cnncli data --labels` shows and writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.cli.terminal.console import notice, print_json, say, show_table
from cnncli.errors import DataError
from cnncli.wording import in_shell

if TYPE_CHECKING:
    from cnncli.records import DoubtfulLabel

SHOWN = 10


def show_labels(named: str, runs_dir: Path, most: int, as_json: bool, list_file: Path | None) -> int:
    """Ranks the labels of a run or group, and writes them with a page of pictures into its folder."""
    from cnncli.api.labels import write_labels

    written = write_labels(named, most, runs_dir, notice)
    labels, page = written.labels, written.page
    if list_file:
        _write_list(list_file, labels, written.earlier, written.data)
    if as_json:
        print_json([dataclasses.asdict(label) for label in labels])
        return 0
    say(f"{page.parent}: the most doubtful of {written.images:,} labels, the least probable first")
    say()
    rows = [
        (each.image, each.label, f"{each.probability:.3f}", each.suggested, f"{each.suggested_probability:.3f}")
        for each in labels[:SHOWN]
    ]
    show_table(("image", "label", "p", "network", "p"), rows, right=("p",))
    say()
    say("A doubtful label is not a wrong one: look at the picture.")
    say(f"page   {page}: the first {len(labels):,} with their pictures, to be corrected")
    say(f"table  {written.table}: all {written.images:,}")
    if list_file is None:
        say("next: open the page, tick what is wrong, save corrections.csv, and train with")
        say("      --set data.corrections=corrections.csv")
    return 0


def _write_list(file: Path, labels: Sequence[DoubtfulLabel], earlier: Any, data: Any) -> None:
    """Writes what leaves these images out: a table of corrections, or part of a spec with `data.exclude`."""
    names = [label.image for label in labels]
    if file.suffix.lower() == ".csv":
        from cnncli.runner.inputs.corrections import write_corrections

        write_corrections(file, {**earlier, **dict.fromkeys(names, "")})
        notice(f"wrote {file}; to train without these images: --set data.corrections={in_shell(file)}")
        return
    if not data.source.has_files:
        raise DataError(
            "data.exclude takes image files, and these images are not",
            f"write a table for data.corrections: --list {in_shell(file.with_suffix('.csv'))}",
        )
    from cnncli.records import DataReport, Finding
    from cnncli.report.findings import exclude_list
    from cnncli.runs import write_text

    message = "the least probable labels; remove those that are right"
    finding = Finding("doubtful-label", "error", message, exclude=tuple(names))
    report = DataReport(data.source.where, (), {}, {}, (), (finding,), decoded=True)
    write_text(file, exclude_list(report, data.exclude))
    notice(f"wrote {file}; to use it, add 'extends: {file.name}' to your spec, in place of any data.exclude")
