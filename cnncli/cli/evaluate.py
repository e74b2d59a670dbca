"""`cnncli evaluate`: the report of a run, measured again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import allow_changed_weights_option, run_argument, runs_dir_option

if TYPE_CHECKING:
    from cnncli.runs import RunDir


@click.command()
@run_argument
@runs_dir_option
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Where the images are now, when they were moved.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
@click.option("--fail-under", multiple=True, metavar="METRIC=VALUE", help="Exit with 7 when a metric is lower.")
@allow_changed_weights_option
def evaluate(
    run: str,
    runs_dir: Path,
    split: str,
    data: Path | None,
    as_json: bool,
    fail_under: tuple[str, ...],
    allow_changed_weights: bool,
) -> None:
    """Measure the best weights of a run.

    RUN is a run folder or its name.

    \b
    Example:
      cnncli evaluate mnist-001 --fail-under accuracy=0.97
    """
    import json

    from cnncli.cli.console import notice, show_report
    from cnncli.errors import ThresholdMissed
    from cnncli.runs import find_run
    from cnncli.wording import nearest

    limits = [_limit(text) for text in fail_under]
    found = find_run(run, runs_dir)
    from cnncli.report.classification import classification_report, metrics_of
    from cnncli.runner.evaluate import evaluate as measure

    if note := _unfinished(found):
        notice(note)
    _refuse_less_is_better(found, [name for name, _ in limits])
    evaluation, _ = measure(found, split, notice, data, allow_changed_weights)
    report = classification_report(evaluation)
    metrics = metrics_of(evaluation, report)
    if as_json:
        click.echo(json.dumps({**metrics, "classes": report.values}, indent=2))
    else:
        show_report(evaluation, report)
    figures = {name: value for name, value in metrics.items() if name not in ("split", "images")}
    for name, least in limits:
        if name not in figures:
            near = nearest(name, figures) or f"; there are {', '.join(figures)}"
            raise click.UsageError(f"no metric is called '{name}'{near}")
        if figures[name] is None or figures[name] < least:
            raise ThresholdMissed(f"{name} is {figures[name]}, less than {least}")


def _refuse_less_is_better(run: RunDir, names: Sequence[str]) -> None:
    from cnncli.runner.model.build import run_spec
    from cnncli.spec.metrics import metric_name, more_is_better

    metrics = run_spec(run).train.metrics if names else ()
    for name in names:
        if name in ("loss", *map(metric_name, metrics)) and not more_is_better(metrics, name):
            raise click.UsageError(f"less of {name} is better; --fail-under is for figures such as accuracy")


def _limit(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        least = float(value)
    except ValueError:
        least = math.nan
    if not math.isfinite(least):  # nothing is less than nan, so every model would pass
        raise click.UsageError(f"--fail-under takes METRIC=VALUE, such as accuracy=0.95; got '{text}'")
    return name, least


_ENDS = {"running": "is still training", "interrupted": "was interrupted", "failed": "failed", "diverged": "diverged"}


def _unfinished(run: RunDir) -> str:
    """One line for a run that did not come to its end: where it stands, and of which epoch its weights are."""
    from cnncli.errors import RunError
    from cnncli.runner.training.checkpoint import read_progress

    try:
        end = _ENDS.get(str(run.status().get("state")))
        progress = read_progress(run.checkpoint) if end else None
    except RunError:  # what is broken says nothing, and is not what is measured
        return ""
    if progress is None or not progress.best:
        return ""
    epochs = len(progress.epochs)
    return f"note: {run.path} {end} after epoch {epochs}; the best weights are of epoch {progress.best}"
