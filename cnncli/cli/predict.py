"""`cnncli predict`: classifies images."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cnncli.catalog.export_formats import ENGINES
from cnncli.cli.options import allow_changed_weights_option, complete_runs, runs_dir_option, weights_option

if TYPE_CHECKING:
    from cnncli import Prediction, UnreadableImage


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--run", "named", shell_complete=complete_runs, help="Run folder or name; default: the newest finished run."
)
@runs_dir_option
@weights_option
@click.option("--top-k", type=click.IntRange(1), default=1, show_default=True, help="Show the K most probable classes.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="What computes the answers; default: the quickest verified export of the run, else TensorFlow.",
)
@click.option("--invert", is_flag=True, help="Invert brightness before classifying.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@allow_changed_weights_option
def predict(
    images: tuple[str, ...],
    named: str | None,
    runs_dir: Path,
    weights: Literal["best", "last"],
    top_k: int,
    engine: str | None,
    invert: bool,
    as_json: bool,
    as_csv: bool,
    allow_changed_weights: bool,
) -> int:
    """Classify images.

    IMAGE is a file, a folder of files, or - for standard input, in any size, in colour or grey. Input size,
    preprocessing and class names are stored with the run.

    \b
    Example:
      cnncli predict digit.png --run mnist-001 --top-k 3
    """
    from cnncli import open_run
    from cnncli.cli.console import notice
    from cnncli.errors import DataError
    from cnncli.records import Prediction, UnreadableImage

    if as_json and as_csv:
        raise click.UsageError("--json and --csv cannot be combined")
    output_format = "json" if as_json else "csv" if as_csv else "table"
    run = open_run(named, runs_dir)
    if output_format == "table" and named is None:
        notice(f"using {run.path}")
    answers = run.predict(
        [sys.stdin.buffer if image == "-" else image for image in images],
        top_k,
        weights=weights,
        invert=invert,
        allow_changed_weights=allow_changed_weights,
        notice=notice,
        keep_unreadable=True,
        engine=engine,
    )
    if not answers:
        raise DataError(f"there are no images in {', '.join(images)}")
    if output_format == "json":
        _print_json(answers, weights)
    else:
        (_print_csv if as_csv else _print_table)(answers, top_k)
    _show_notes([answer for answer in answers if isinstance(answer, Prediction)])
    unreadable = [answer for answer in answers if isinstance(answer, UnreadableImage)]
    for answer in unreadable:
        notice(f"error: {answer.reason}")
    if engine is None and weights == "best" and not allow_changed_weights:
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            run.prepare_predictions(notice)
    return DataError.exit_code if unreadable else 0


def _show_notes(predictions: Sequence[Prediction]) -> None:
    """Each note about an image once, with the number of images that it applies to."""
    from cnncli.cli.console import notice

    noted: dict[str, list[str]] = {}
    for prediction in predictions:
        if prediction.note:
            noted.setdefault(prediction.note, []).append(prediction.image)
    for note, names in noted.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        notice(f"note: {names[0]}{more}: {note}")


def _print_table(answers: Sequence[Prediction | UnreadableImage], top_k: int) -> None:
    from cnncli.cli.console import show_table
    from cnncli.records import Prediction

    rows = [
        (answer.image if rank == 0 else "", name, f"{probability:.4f}")
        for answer in answers
        if isinstance(answer, Prediction)
        for rank, (name, probability) in enumerate(_shown(answer))
    ]
    if rows:
        columns = ("image", "class", "probability")
        show_table(columns, rows, right=("probability",), shortened=("image", "class"))


def _shown(prediction: Prediction) -> Sequence[tuple[str, float]]:
    """The classes that were asked for; of one, the second as well when it is close."""
    second = prediction.runner_up if len(prediction.top) == 1 else None
    return (*prediction.top, second) if second else prediction.top


def _print_json(answers: Sequence[Prediction | UnreadableImage], weights: str) -> None:
    from cnncli.cli.console import print_json
    from cnncli.records import Prediction

    listed = []
    for answer in answers:
        if isinstance(answer, Prediction):
            top = [{"class": name, "probability": probability} for name, probability in answer.top]
            entry = {"image": answer.image, **top[0], "top": top, "weights": weights, "note": answer.note}
        else:
            entry = {"image": answer.image, "error": answer.reason}
        listed.append(entry)
    print_json(listed)


def _print_csv(answers: Sequence[Prediction | UnreadableImage], top_k: int) -> None:
    import csv

    from cnncli.cli.console import one_line
    from cnncli.records import Prediction
    from cnncli.report.tables import cell, shortest

    predictions = [answer for answer in answers if isinstance(answer, Prediction)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = min(top_k, len(predictions[0].class_names)) if predictions else 1
    numbers = [""] + [f"_{rank}" for rank in range(2, columns + 1)]
    writer.writerow(["image", *(heading + n for n in numbers for heading in ("class", "probability"))])
    for prediction in predictions:
        cells = [text for name, value in prediction.top for text in (one_line(cell(name)), shortest(value))]
        writer.writerow([one_line(cell(prediction.image)), *cells])
