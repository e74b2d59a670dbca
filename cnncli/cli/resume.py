"""`cnncli resume`: continues an interrupted run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnncli.cli.options import (
    data_option,
    devices_option,
    devices_value,
    run_argument,
    runs_dir_option,
    workers_options,
    workers_value,
)

if TYPE_CHECKING:
    from cnncli import Run
    from cnncli.workers.addresses import Workers


@click.command()
@run_argument
@runs_dir_option
@click.option("--epochs", type=click.IntRange(1), help="Total number of epochs; overrides the spec's.")
@data_option
@devices_option
@workers_options
@click.option("-q", "--quiet", is_flag=True, help="Print only the run folder.")
def resume(
    run: str,
    runs_dir: Path,
    epochs: int | None,
    data: Path | None,
    devices: str | None,
    quiet: bool,
    **together: Any,
) -> None:
    """Continue an interrupted run, or a group of runs.

    The result is the same as without the interruption. RUN is the folder of a run, or of a training with folds, or its
    name.

    \b
    Example:
      cnncli resume mnist-001 --epochs 20
      cnncli resume mnist-folds-001
    """
    from cnncli import Folds, open_run
    from cnncli.cli.terminal.console import notice
    from cnncli.cli.terminal.screen import TrainingScreen, show_folds, show_result
    from cnncli.cli.terminal.signals import Signals
    from cnncli.runs.groups import group_at

    workers = workers_value(**together)
    if workers is not None:
        if devices is not None:
            raise click.UsageError("--workers and --devices cannot be combined: each rank trains on all its cards")
        return _resume_together(run, runs_dir, epochs, data, workers, quiet)
    if group := group_at(run, runs_dir):
        if epochs is not None:
            raise click.UsageError("--epochs is for a run, and this is a group of runs")
        if devices is not None:
            raise click.UsageError("--devices is for a run, and this is a group of runs; resume each of them with it")
        folds = Folds(group)
        with Signals() as signals, TrainingScreen(quiet, signals) as screen:
            remained = folds.resume([screen], data=data, command=sys.argv)
        if remained:
            show_folds(folds, quiet)
        else:
            notice(f"{folds.path} is finished{_now_at(data)}")
        return None

    opened = open_run(run, runs_dir)
    more = "" if devices is None else f" --devices {shlex.quote(devices)}"
    with Signals() as signals, TrainingScreen(quiet, signals, more) as screen:
        resumed = opened.resume(
            epochs, [screen], data=data, devices=devices and devices_value(devices), command=sys.argv
        )
    if resumed is opened:
        _tell_finished(opened, data)
    else:
        show_result(resumed, quiet)
    return None


def _resume_together(
    run: str, runs_dir: Path, epochs: int | None, data: Path | None, workers: Workers, quiet: bool
) -> None:
    """Continues a run as one of several processes; only rank 0 needs its folder."""
    from cnncli import open_run
    from cnncli.api.workers import follow_resume, resume_together
    from cnncli.cli.terminal.screen import TrainingScreen, show_shared
    from cnncli.cli.terminal.signals import Signals
    from cnncli.workers.meeting import telling_others

    with Signals() as signals, TrainingScreen(quiet, signals, workers.options) as screen:
        if not workers.is_chief:
            follow_resume(workers, runs_dir, epochs, [screen], data=data, command=sys.argv)
            show_shared(None, quiet)
            return
        with telling_others(workers):
            opened = open_run(run, runs_dir)
        resumed = resume_together(opened, workers, epochs, [screen], data=data, command=sys.argv)
    if resumed is None:
        _tell_finished(opened)
    else:
        show_shared(resumed, quiet)


def _tell_finished(run: Run, data: Path | None = None) -> None:
    from cnncli.cli.terminal.console import notice

    more = f"; to train for more epochs: cnncli resume {shlex.quote(str(run.path))} --epochs N"
    notice(f"{run.path} is finished{_now_at(data)}{more if run.spec.train.max_time is None else ''}")


def _now_at(data: Path | None) -> str:
    return "" if data is None else f", and names {data} as the place of its images now"
