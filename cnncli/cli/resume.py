"""`cnncli resume`: continues an interrupted run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from cnncli.cli.options import devices_option, devices_value, run_argument, runs_dir_option


@click.command()
@run_argument
@runs_dir_option
@click.option("--epochs", type=click.IntRange(1), help="Total number of epochs; overrides the spec's.")
@devices_option
@click.option("-q", "--quiet", is_flag=True, help="Print only the run folder.")
def resume(run: str, runs_dir: Path, epochs: int | None, devices: str | None, quiet: bool) -> None:
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

    if group := group_at(run, runs_dir):
        if epochs is not None:
            raise click.UsageError("--epochs is for a run, and this is a group of runs")
        if devices is not None:
            raise click.UsageError("--devices is for a run, and this is a group of runs; resume each of them with it")
        folds = Folds(group)
        with Signals() as signals, TrainingScreen(quiet, signals) as screen:
            remained = folds.resume([screen], command=sys.argv)
        if remained:
            show_folds(folds, quiet)
        else:
            notice(f"{folds.path} is finished")
        return

    opened = open_run(run, runs_dir)
    with Signals() as signals, TrainingScreen(quiet, signals) as screen:
        resumed = opened.resume(epochs, [screen], devices=devices and devices_value(devices), command=sys.argv)
    if resumed is opened:
        more = f"; to train for more epochs: cnncli resume {shlex.quote(str(opened.path))} --epochs N"
        notice(f"{opened.path} is finished{more if opened.spec.train.max_time is None else ''}")
    else:
        show_result(resumed, quiet)
