"""`cnncli reproduce`: trains a run again and compares."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cnncli.cli.options import run_argument, runs_dir_option


@click.command()
@run_argument
@runs_dir_option
@click.option("-q", "--quiet", is_flag=True, help="Print the result and nothing else.")
def reproduce(run: str, runs_dir: Path, quiet: bool) -> None:
    """Train a run again, into a new one, and say whether it is the same.

    RUN is a run folder or its name. The same means to the last digit: every epoch, the best weights, the predictions.
    Where something differs, the first epoch and metric are named and the exit code is 8.

    \b
    Example:
      cnncli reproduce mnist-001
    """
    from cnncli.cli.console import notice, say
    from cnncli.cli.screen import TrainingScreen
    from cnncli.cli.signals import Signals
    from cnncli.errors import NotReproduced
    from cnncli.runs import find_run

    found = find_run(run, runs_dir)
    found.apply_recorded_threading()
    with Signals() as signals, TrainingScreen(quiet, signals) as screen:
        from cnncli.runner.reproduce import reproduce as train_again

        result = train_again(found, runs_dir, screen, sys.argv)
    if not quiet:
        say()
    if not result.is_same:
        for circumstance in result.circumstances:
            notice(f"not as before: {circumstance}")
        raise NotReproduced(f"{result.again} is not the same as {result.run}: {result.difference}")
    say(f"{result.again} is the same as {result.run}: every epoch, the best weights and the predictions")
