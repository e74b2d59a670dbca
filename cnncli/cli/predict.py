"""`cnncli predict`: classifies images."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cnncli.catalog.export_formats import ENGINES
from cnncli.catalog.image_sources import ARCHIVES
from cnncli.cli.hints import run_instead
from cnncli.cli.options import (
    UserPath,
    allow_changed_weights_option,
    calibrated_option,
    run_option,
    runs_dir_option,
    weights_option,
)
from cnncli.cli.terminal.predict_many import Shard, merge, write

if TYPE_CHECKING:
    from cnncli import Run


@dataclass(frozen=True)
class Options:
    """What the command line gives to `cnncli predict`."""

    images: tuple[str, ...]
    named: str | None
    runs_dir: Path
    weights: Literal["best", "last"]
    top_k: int | None
    engine: str | None
    calibrated: bool | None
    invert: bool
    coverage: float | None
    tta: bool
    unknown: bool
    as_json: bool
    as_csv: bool
    out: Path | None
    probabilities: bool
    embeddings: bool
    shard: tuple[int, int] | None
    resume: bool
    overwrite: bool
    image_column: str | None
    merging: bool
    allow_changed_weights: bool

    @property
    def output_format(self) -> str:
        """How a few answers are printed."""
        return "json" if self.as_json else "csv" if self.as_csv else "table"

    @property
    def how(self) -> dict[str, Any]:
        """What few and many images are answered with, as `cnncli.Run.predict` and `predict_to` take it."""
        return {
            "weights": self.weights,
            "engine": self.engine,
            "calibrated": self.calibrated,
            "invert": self.invert,
            "coverage": self.coverage,
            "tta": self.tta,
            "unknown": self.unknown,
            "allow_changed_weights": self.allow_changed_weights,
        }

    @property
    def many(self) -> dict[str, Any]:
        """What requires --out, as `cnncli.Run.predict_to` takes it."""
        return {
            "probabilities": self.probabilities,
            "embeddings": self.embeddings,
            "shard": self.shard,
            "resume": self.resume,
            "overwrite": self.overwrite,
            "image_column": self.image_column,
        }


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@run_option
@runs_dir_option
@weights_option
@click.option(
    "--top-k",
    type=click.IntRange(1),
    metavar="K",
    help="Show the K most probable classes; by default one, and in a table also a second that is close.",
)
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
def predict(**given: Any) -> int:
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
    from cnncli.cli.terminal.console import notice

    options = Options(**given)
    _refuse_what_conflicts(options)
    if options.merging:
        return merge(options.images, options.out, options.overwrite)
    from cnncli.runner.predict import is_nothing_there

    run = open_run(options.named, options.runs_dir)
    if options.named is None and options.output_format == "table":
        notice(f"using {run.path}")
    if options.coverage is not None:
        _say_what_sets_are(run, options.coverage, options.how)
    of_trained_weights = options.weights == "best" and not options.allow_changed_weights
    if options.out is not None:
        many = options.many | {"shard": options.shard or (1, 1)}
        status = write(run, options.out, options.images, top_k=options.top_k or 1, **options.how, **many)
        if options.unknown:
            _say_what_doubts_cost(run)
        return status
    named = [sys.stdin.buffer if image == "-" else image for image in options.images]
    if options.unknown and of_trained_weights and not is_nothing_there(named):  # else the prediction refuses
        _say_what_doubts_cost(run)
    status = _show(run, options, named)
    if options.engine is None and of_trained_weights:
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            run.prepare_predictions(notice)
    return status


def _refuse_what_conflicts(options: Options) -> None:
    """Refuses options that contradict each other."""
    if options.tta and (options.coverage is not None or options.unknown):
        other = "--unknown" if options.coverage is None else "--coverage"
        raise click.UsageError(f"{other} was measured for one view of each image; leave out it or --tta")
    if options.as_json and options.as_csv:
        raise click.UsageError("--json and --csv cannot be combined")
    if options.merging:  # says itself what it takes
        return
    if options.out is not None and options.output_format != "table":
        raise click.UsageError(f"the format of --out is that of its suffix; leave out --{options.output_format}")
    if options.out is None and (
        alone := [f"--{name.replace('_', '-')}" for name, value in options.many.items() if value]
    ):
        raise click.UsageError(f"{', '.join(alone)} needs --out")


def _say_what_sets_are(run: Run, coverage: float, how: Mapping[str, Any]) -> None:
    """Says what is promised of sets of classes, and what they were worth on the test images."""
    from cnncli.cli.terminal.console import notice

    try:
        sets = run.class_sets(coverage, **{key: how[key] for key in ("weights", "allow_changed_weights", "calibrated")})
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    for line in sets.sentence.splitlines():
        notice(line)


def _say_what_doubts_cost(run: Run) -> None:
    from cnncli.cli.terminal.console import notice

    for line in run.doubt_sentence(notice=notice).splitlines():
        notice(line)


def _show(run: Run, options: Options, named: Sequence[Any]) -> int:
    """Prints the answers to a few images; returns the exit code."""
    from cnncli.cli.terminal.console import notice
    from cnncli.cli.terminal.predict_output import (
        print_answers_csv,
        print_answers_json,
        print_answers_table,
        show_notes,
    )
    from cnncli.errors import DataError
    from cnncli.records import Prediction, UnreadableImage

    answers = run.predict(named, options.top_k or 1, notice=notice, keep_unreadable=True, **options.how)
    if not answers:
        hint = run_instead(options.images, options.runs_dir)
        raise DataError(f"there are no images in {', '.join(options.images)}", hint)
    if options.as_json:
        print_answers_json(answers, options.weights)
    elif options.as_csv:
        print_answers_csv(answers, options.top_k or 1)
    else:
        print_answers_table(answers, with_close_second=options.top_k is None)
    show_notes([answer for answer in answers if isinstance(answer, Prediction)])
    unreadable = [answer for answer in answers if isinstance(answer, UnreadableImage)]
    for answer in unreadable:
        notice(f"error: {answer.reason}")
        if answer.image.lower().endswith(ARCHIVES):
            notice("unpack it, and name the folder")
    if unreadable and (hint := run_instead((answer.image for answer in unreadable), options.runs_dir)):
        notice(hint)
    return DataError.exit_code if unreadable else 0
