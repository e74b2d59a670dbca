"""`cnncli evaluate`: measures the weights of a run again."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import allow_changed_weights_option, run_argument, runs_dir_option

if TYPE_CHECKING:
    from cnncli import Run


@click.command()
@run_argument
@runs_dir_option
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="test",
    show_default=True,
    help="Images to measure on.",
)
@click.option("--data", type=click.Path(path_type=Path), help="New path of the images, if they were moved.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as JSON.")
@click.option("--fail-under", multiple=True, metavar="METRIC=VALUE", help="Exit with 7 if a metric is lower.")
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

    from cnncli import open_run
    from cnncli.cli.console import notice, show_report
    from cnncli.errors import ThresholdMissed

    limits = [_limit(text) for text in fail_under]
    opened = open_run(run, runs_dir)
    if note := _unfinished(opened):
        notice(note)
    _refuse_less_is_better(opened, [name for name, _ in limits])
    result = opened.evaluate(split, data=data, allow_changed_weights=allow_changed_weights, notice=notice)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps({**result.metrics, "classes": result.report.values}, indent=2))
    else:
        show_report(result.evaluation, result.report)
    figures = {name: value for name, value in result.metrics.items() if name not in ("split", "images")}
    for name, least in limits:
        if name not in figures:
            raise _unknown_metric(name, figures)
        if figures[name] is None or figures[name] < least:
            raise ThresholdMissed(f"{name} is {figures[name]}, less than {least}")


def _unknown_metric(name: str, figures: Collection[str]) -> click.UsageError:
    from cnncli.wording import nearest

    near = nearest(name, figures) or f"; the metrics are {', '.join(figures)}"
    return click.UsageError(f"no metric is called '{name}'{near}")


def _refuse_less_is_better(run: Run, names: Sequence[str]) -> None:
    from cnncli.spec.metrics import metric_name, more_is_better

    metrics = run.spec.train.metrics if names else ()
    for name in names:
        if name in ("loss", *map(metric_name, metrics)) and not more_is_better(metrics, name):
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


def _unfinished(run: Run) -> str:
    """One line about a run that is not finished: how far it is, and which epoch its weights are of."""
    from cnncli.errors import RunError

    try:
        end = _ENDS.get(run.state)
        history = run.history if end else None
    except RunError:  # the evaluation reports what it needs of it
        return ""
    if history is None or not history.best:
        return ""
    epochs = len(history.epochs)
    return f"note: {run.path} {end} after epoch {epochs}; the best weights are those of epoch {history.best}"
