"""`cnncli resume`: continues an interrupted run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from cnncli.cli.options import run_argument, runs_dir_option


@click.command()
@run_argument
@runs_dir_option
@click.option("--epochs", type=click.IntRange(1), help="Total number of epochs; overrides the spec's.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the run folder.")
def resume(run: str, runs_dir: Path, epochs: int | None, quiet: bool) -> None:
    """Continue an interrupted run; the result is the same as without the interruption.

    RUN is a run folder or its name.

    \b
    Example:
      cnncli resume mnist-001 --epochs 20
    """
    from cnncli.cli.console import notice
    from cnncli.cli.screen import TrainingScreen, show_result
    from cnncli.cli.signals import Signals
    from cnncli.runner.resume_plan import plan_resume
    from cnncli.runs import find_run

    folder, result = find_run(run, runs_dir), None
    if plan_resume(folder, epochs) is not None:
        folder.apply_recorded_threading()
        with Signals() as signals, TrainingScreen(quiet, signals) as screen:
            from cnncli.runner.resume import resume as resume_training

            result = resume_training(folder, [screen], sys.argv, epochs)
    if result is None:
        command = shlex.quote(str(folder.path))
        notice(f"{folder.path} is finished; to train for more epochs: cnncli resume {command} --epochs N")
    else:
        show_result(result, quiet)
