"""`cnncli predict`: classifies images."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cnncli.catalog.export_formats import ENGINES
from cnncli.cli.options import (
    UserPath,
    allow_changed_weights_option,
    calibrated_option,
    run_option,
    runs_dir_option,
    weights_option,
)
from cnncli.cli.predict_many import Shard, merge, write

if TYPE_CHECKING:
    from cnncli import Run


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@run_option
@runs_dir_option
@weights_option
@click.option("--top-k", type=click.IntRange(1), default=1, show_default=True, help="Show the K most probable classes.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="What computes the answers; default: the first verified export of the run in this order, else TensorFlow.",
)
@calibrated_option
@click.option("--invert", is_flag=True, help="Invert brightness before classifying.")
@click.option(
    "--coverage",
    type=float,
    metavar="SHARE",
    help="Answer with sets of classes that hold the right one in this share of the images, such as 0.95.",
)
@click.option(
    "--tta",
    is_flag=True,
    help="Answer by the mean of several views of each image, flipped and shifted as in the training.",
)
@click.option(
    "--unknown",
    is_flag=True,
    help="Say which answers are unsure, and which images are unlike the training images; needs TensorFlow.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--out", type=UserPath(dir_okay=False), help="Write a file, .csv, .jsonl or .parquet, for many images.")
@click.option("--probabilities", is_flag=True, help="With --out: the probability of every class.")
@click.option("--embeddings", is_flag=True, help="With --out: what the last layer gets, by TensorFlow.")
@click.option("--shard", type=Shard(), help="With --out: the Kth of N parts of the images, for several machines.")
@click.option("--resume", is_flag=True, help="With --out: continue this command where it was stopped.")
@click.option("--overwrite", is_flag=True, help="With --out: start over, and replace the file.")
@click.option("--image-column", metavar="NAME", help="With --out: column of the images in a table.")
@click.option("--merge", "merging", is_flag=True, help="Join the files of all shards, IMAGE..., into --out.")
@allow_changed_weights_option
def predict(
    images: tuple[str, ...],
    named: str | None,
    runs_dir: Path,
    weights: Literal["best", "last"],
    top_k: int,
    engine: str | None,
    calibrated: bool | None,
    invert: bool,
    coverage: float | None,
    tta: bool,
    unknown: bool,
    as_json: bool,
    as_csv: bool,
    out: Path | None,
    probabilities: bool,
    embeddings: bool,
    shard: tuple[int, int] | None,
    resume: bool,
    overwrite: bool,
    image_column: str | None,
    merging: bool,
    allow_changed_weights: bool,
) -> int:
    """Classify images.

    IMAGE is a file, a folder of files, a pattern in quotes, or - for standard input, in any size, in colour or grey.
    Input size, preprocessing and class names are stored with the run.

    With --out there may be any number of them: IMAGE is then also a table of images, or - for a list of paths. A
    command that was stopped continues with --resume.

    \b
    Example:
      cnncli predict digit.png --run mnist-001 --top-k 3
      cnncli predict photographs --out answers.csv
      cnncli predict 'photographs/**/*.jpg' --shard 3/16 --out answers-3.parquet
      cnncli predict --merge answers-*.parquet --out answers.parquet
    """
    from cnncli import open_run
    from cnncli.cli.console import notice

    if tta and (coverage is not None or unknown):
        other = "--unknown" if coverage is None else "--coverage"
        raise click.UsageError(f"{other} was measured for one view of each image; leave out it or --tta")
    if as_json and as_csv:
        raise click.UsageError("--json and --csv cannot be combined")
    if merging:
        return merge(images, out, overwrite)
    if out is not None and (as_json or as_csv):
        raise click.UsageError(f"the format of --out is that of its suffix; leave out --{'json' if as_json else 'csv'}")
    many = {
        "probabilities": probabilities,
        "embeddings": embeddings,
        "shard": shard,
        "resume": resume,
        "overwrite": overwrite,
        "image_column": image_column,
    }
    if out is None and (alone := [f"--{name.replace('_', '-')}" for name, value in many.items() if value]):
        raise click.UsageError(f"{', '.join(alone)} needs --out")
    run = open_run(named, runs_dir)
    if named is None and not as_json and not as_csv:
        notice(f"using {run.path}")
    how: dict[str, Any] = {
        "weights": weights,
        "engine": engine,
        "calibrated": calibrated,
        "invert": invert,
        "coverage": coverage,
        "tta": tta,
        "unknown": unknown,
        "allow_changed_weights": allow_changed_weights,
    }
    if coverage is not None:
        _say_what_sets_are(run, coverage, how)
    if unknown and weights == "best" and not allow_changed_weights:  # else the prediction refuses
        for line in run.doubt_sentence(notice=notice).splitlines():
            notice(line)
    if out is not None:
        return write(run, out, images, top_k=top_k, **how, **many | {"shard": shard or (1, 1)})
    status = _show(run, images, top_k, how, "json" if as_json else "csv" if as_csv else "table")
    if engine is None and weights == "best" and not allow_changed_weights:
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            run.prepare_predictions(notice)
    return status


def _say_what_sets_are(run: Run, coverage: float, how: Mapping[str, Any]) -> None:
    """Says what is promised of sets of classes, and what they were worth on the test images."""
    from cnncli.cli.console import notice

    try:
        sets = run.class_sets(coverage, **{key: how[key] for key in ("weights", "allow_changed_weights", "calibrated")})
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    for line in sets.sentence.splitlines():
        notice(line)


def _show(run: Run, images: Sequence[str], top_k: int, how: dict[str, Any], output_format: str) -> int:
    """Prints the answers to a few images; returns the exit code."""
    from cnncli.cli.console import notice
    from cnncli.cli.predict_output import print_answers_csv, print_answers_json, print_answers_table, show_notes
    from cnncli.errors import DataError
    from cnncli.records import Prediction, UnreadableImage

    named = [sys.stdin.buffer if image == "-" else image for image in images]
    answers = run.predict(named, top_k, notice=notice, keep_unreadable=True, **how)
    if not answers:
        raise DataError(f"there are no images in {', '.join(images)}")
    if output_format == "json":
        print_answers_json(answers, how["weights"])
    else:
        (print_answers_csv if output_format == "csv" else print_answers_table)(answers, top_k)
    show_notes([answer for answer in answers if isinstance(answer, Prediction)])
    unreadable = [answer for answer in answers if isinstance(answer, UnreadableImage)]
    for answer in unreadable:
        notice(f"error: {answer.reason}")
    return DataError.exit_code if unreadable else 0
