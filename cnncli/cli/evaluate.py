"""`cnncli evaluate`: measures the weights of a run again, on its own images or on others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cnncli.cli.options import UserPath, allow_changed_weights_option, run_argument, runs_dir_option, weights_option

if TYPE_CHECKING:
    from cnncli import Run


@dataclass(frozen=True)
class Options:
    """What the command line gives to `cnncli evaluate`."""

    run: str
    runs_dir: Path
    split: str | None
    weights: Literal["best", "last"]
    data: Path | None
    on: Path | None
    negatives: tuple[Path, ...]
    as_json: bool
    write: bool
    tta: bool
    fail_under: tuple[str, ...]
    allow_changed_weights: bool


@click.command()
@run_argument
@runs_dir_option
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="Images to measure on: test by default, of --on the only split.",
)
@weights_option
@click.option(
    "--data",
    type=UserPath(),
    help="New path of the run's images, if they were moved; only the split's are needed.",
)
@click.option(
    "--on",
    type=UserPath(),
    help="Measure on other labelled images: a folder with a folder for each class, or a table.",
)
@click.option(
    "--negatives",
    type=UserPath(),
    multiple=True,
    metavar="FOLDER",
    help="Measure how many images that no class fits `predict --unknown` notices; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
@click.option(
    "--write",
    is_flag=True,
    help="Write the results into the run, as its training does: a run of an older version gets the files it lacks.",
)
@click.option(
    "--tta",
    is_flag=True,
    help="Measure also the mean answer to several views of each image: flipped and shifted as in the training.",
)
@click.option("--fail-under", multiple=True, metavar="METRIC=VALUE", help="Exit with 7 if a metric is lower.")
@allow_changed_weights_option
def evaluate(**given: Any) -> None:
    """Measure a run on its test images, or on others.

    RUN is a run folder or its name. Nothing is written without --write, but what --negatives measures.

    \b
    Example:
      cnncli evaluate mnist-001 --fail-under accuracy=0.97
      cnncli evaluate flowers-001 --on photos/new
      cnncli evaluate flowers-001 --negatives photos/no-flowers
    """
    from cnncli import open_run
    from cnncli.cli.terminal.console import next_step, notice, print_json, show_report
    from cnncli.errors import ThresholdMissed

    options = Options(**given)
    limits = [_limit(text) for text in options.fail_under]
    opened = open_run(options.run, options.runs_dir)
    _refuse_what_conflicts(options)
    if note := _unfinished(opened, options.weights):
        notice(note)
    _require_metrics(opened, [name for name, _ in limits])
    if options.negatives:
        from cnncli.runner.sure.unknown import require_doubts, require_negatives

        require_negatives(options.negatives)
        if not options.write:  # which gives an older run what they need
            require_doubts(opened, options.weights, options.allow_changed_weights)
    result = opened.evaluate(
        options.split,  # type: ignore[arg-type]  # one of the choices
        weights=options.weights,
        data=options.data,
        on=options.on,
        allow_changed_weights=options.allow_changed_weights,
        notice=notice,
        write=options.write,
        tta=options.tta,
    )
    unknown: Mapping[str, Any] = {}
    if options.negatives:
        unknown = opened.measure_unknown(
            options.negatives,
            data=options.data,
            allow_changed_weights=options.allow_changed_weights,
            notice=notice,
        )
    if options.as_json:
        more = {"unknown": unknown} if unknown else {}
        print_json({**result.metrics, "classes": result.report.values, **more})
    else:
        show_report(result.evaluation, result.report)
        if unknown:
            _show_unknown(unknown)
        next_step("predict", "IMAGE", "--run", opened.path)
    for name, least in limits:
        value = result.metrics[name]
        if value is None or value < least:
            is_ = "is not defined on these images" if value is None else f"is {value}, less than {least}"
            raise ThresholdMissed(f"{name} {is_}")


def _refuse_what_conflicts(options: Options) -> None:
    """Refuses options that contradict each other."""
    if options.data is not None and options.on is not None:
        raise click.UsageError("--data is a new path of the run's own images, --on names others; use one of them")
    as_trained = options.split in (None, "test") and options.weights == "best" and options.on is None
    if options.write and not as_trained:
        raise click.UsageError("--write is for the best weights on the run's own test images")
    if options.negatives and not as_trained:
        raise click.UsageError("--negatives is measured beside the best weights on the run's own test images")


def _show_unknown(found: Mapping[str, Any]) -> None:
    """A row for the known images and each kind of unknown ones: how many are doubtful."""
    from cnncli.cli.terminal.console import say, show_table
    from cnncli.wording import with_interval

    rows = []
    for name, each in [("known: test images", found["known"]), *((one["images_of"], one) for one in found["unknown"])]:
        images = each["images"]
        shares = [with_interval(each[kind]["share"], None, images) for kind in ("unsure", "unlike")]
        rows.append(
            (name, f"{images:,}", *shares, with_interval(each["either"]["share"], each["either"]["interval"], images))
        )
    say("")
    show_table(
        ("share that is doubtful", "images", "unsure", "unlike", "either, 95 %"),
        rows,
        right=("images", "unsure", "unlike"),
        shortened=("share that is doubtful",),
    )


def _require_metrics(run: Run, names: Sequence[str]) -> None:
    """Refuses a metric that the evaluation will not report, or less of which is better, before anything is measured."""
    from cnncli.spec.metrics import evaluated_metrics
    from cnncli.wording import nearest

    known = evaluated_metrics(run.spec.train.metrics) if names else {}
    for name in names:
        if name not in known:
            near = nearest(name, known) or f"; the metrics are {', '.join(known)}"
            raise click.UsageError(f"no metric is called '{name}'{near}")
        if not known[name]:
            raise click.UsageError(f"less of {name} is better; --fail-under is for metrics such as accuracy")


def _limit(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        least = float(value)
    except ValueError:
        least = math.nan
    if not math.isfinite(least):  # nothing is less than nan, so every model would pass
        raise click.UsageError(f"--fail-under expects METRIC=VALUE, for example accuracy=0.95; got '{text}'")
    return name, least


_ENDS = {"running": "is still training", "interrupted": "was interrupted", "failed": "failed", "diverged": "diverged"}


def _unfinished(run: Run, weights: str) -> str:
    """One line about a run that is not finished: how far it is, and which epoch its weights are of."""
    from cnncli.errors import RunError

    try:
        end = _ENDS.get(run.state)
        history = run.history if end else None
    except RunError:  # the evaluation reports what it needs of it
        return ""
    if history is None or not history.best:
        return ""
    of = f"of epoch {history.best}" if weights == "best" else "of that moment"
    return f"note: {run.path} {end} after epoch {len(history.epochs)}; the {weights} weights are those {of}"
