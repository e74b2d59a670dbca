"""`cnncli predict`: what is in a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cnncli.cli.options import allow_changed_weights_option, complete_runs, runs_dir_option


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--run",
    "named",
    shell_complete=complete_runs,
    help="A run folder or its name; the newest finished run unless given.",
)
@runs_dir_option
@click.option("--top-k", type=click.IntRange(1), default=1, show_default=True, help="Show the K most probable classes.")
@click.option("--invert", is_flag=True, help="Turn black into white first, for negatives of what was trained on.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@allow_changed_weights_option
def predict(
    images: tuple[str, ...],
    named: str | None,
    runs_dir: Path,
    top_k: int,
    invert: bool,
    as_json: bool,
    as_csv: bool,
    allow_changed_weights: bool,
) -> int:
    """Say what pictures show.

    An IMAGE is a file, a folder of files, or - for standard input; of any size, colour or grey. The run knows the
    size, the scale and the class names.

    \b
    Example:
      cnncli predict digit.png --run mnist-001 --top-k 3
    """
    from cnncli.cli.console import notice
    from cnncli.errors import DataError
    from cnncli.runs import find_run

    if as_json and as_csv:
        raise click.UsageError("--json and --csv both want stdout")
    form = "json" if as_json else "csv" if as_csv else "table"
    run = find_run(named, runs_dir)
    from cnncli.runner.predict import Predictor, Unreadable, find_pictures

    if form == "table" and named is None:
        notice(f"using {run.path}")
    answers = list(
        Predictor(run, notice, allow_changed_weights).predict(find_pictures(images, sys.stdin.buffer), invert)
    )
    predictions = [answer for answer in answers if not isinstance(answer, Unreadable)]
    unreadable = [answer for answer in answers if isinstance(answer, Unreadable)]
    if not answers:
        raise DataError(f"there are no images in {', '.join(images)}")
    _print[form](answers, min(top_k, len(predictions[0].class_names)) if predictions else 1)
    _show_notes(predictions)
    for answer in unreadable:
        notice(f"error: {answer.reason}")
    return DataError.exit_code if unreadable else 0


def _show_notes(predictions: Sequence[Any]) -> None:
    """What a person should know about the pictures, once for all of those it is true of."""
    from cnncli.cli.console import notice

    noted: dict[str, list[str]] = {}
    for prediction in predictions:
        if prediction.note:
            noted.setdefault(prediction.note, []).append(prediction.image)
    for note, names in noted.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        notice(f"note: {names[0]}{more}: {note}")


def _print_table(answers: Sequence[Any], top_k: int) -> None:
    from cnncli.cli.console import show_table
    from cnncli.records import Prediction

    predictions = [answer for answer in answers if isinstance(answer, Prediction)]
    rows = [
        (prediction.image if rank == 0 else "", name, f"{probability:.4f}")
        for prediction in predictions
        for rank, (name, probability) in enumerate(prediction.top(top_k))
    ]
    if rows:
        show_table(("image", "class", "probability"), rows, right=("probability",))


def _print_json(answers: Sequence[Any], top_k: int) -> None:
    import json

    from cnncli.records import Prediction

    listed = []
    for answer in answers:
        if isinstance(answer, Prediction):
            top = [{"class": name, "probability": probability} for name, probability in answer.top(top_k)]
            entry = {"image": answer.image, **top[0], "top": top, "note": answer.note}
        else:
            entry = {"image": answer.image, "error": answer.reason}
        listed.append(entry)
    click.echo(json.dumps(listed, indent=2))


def _print_csv(answers: Sequence[Any], top_k: int) -> None:
    import csv

    from cnncli.cli.console import one_line
    from cnncli.records import Prediction
    from cnncli.report.tables import cell, shortest

    writer = csv.writer(sys.stdout, lineterminator="\n")
    numbers = [""] + [f"_{rank}" for rank in range(2, top_k + 1)]
    writer.writerow(["image", *(heading + n for n in numbers for heading in ("class", "probability"))])
    for answer in answers:
        if isinstance(answer, Prediction):
            cells = [text for name, value in answer.top(top_k) for text in (one_line(cell(name)), shortest(value))]
            writer.writerow([one_line(cell(answer.image)), *cells])


_print = {"table": _print_table, "json": _print_json, "csv": _print_csv}
