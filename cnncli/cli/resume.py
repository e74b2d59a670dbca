"""`cnncli resume`: goes on with a run that was stopped."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cnncli.cli.options import run_argument, runs_dir_option


@click.command()
@run_argument
@runs_dir_option
@click.option("--epochs", type=click.IntRange(1), help="Train to so many epochs, in place of the spec's.")
@click.option("-q", "--quiet", is_flag=True, help="Print the run folder and nothing else.")
def resume(run: str, runs_dir: Path, epochs: int | None, quiet: bool) -> None:
    """Go on with a run that was stopped, and end it as if it never had been.

    RUN is a run folder or its name.

    \b
    Example:
      cnncli resume mnist-001 --epochs 20
    """
    from cnncli.cli.console import notice
    from cnncli.cli.screen import TrainingScreen, show_ended
    from cnncli.cli.signals import Signals
    from cnncli.runner.resume_plan import nothing_left_message, plan_resume
    from cnncli.runs import find_run

    found, trained = find_run(run, runs_dir), None
    if plan_resume(found, epochs) is not None:
        found.apply_recorded_threading()
        with Signals() as signals, TrainingScreen(quiet, signals) as screen:
            from cnncli.runner.resume import resume as go_on

            trained = go_on(found, screen, sys.argv, epochs)
    if trained is None:
        notice(nothing_left_message(found))
    else:
        show_ended(trained, quiet)
