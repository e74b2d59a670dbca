"""`cnncli reproduce`: trains a run again and compares the results."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cnncli.cli.options import data_option, run_argument, runs_dir_option


@click.command()
@run_argument
@runs_dir_option
@data_option
@click.option("-q", "--quiet", is_flag=True, help="Print only the result.")
def reproduce(run: str, runs_dir: Path, data: Path | None, quiet: bool) -> None:
    """Train a run again, into a new run, and compare the two.

    RUN is a run folder or its name. Every epoch, the best weights and the predictions must be identical. If they are
    not, the first difference is printed and the exit code is 8.

    \b
    Example:
      cnncli reproduce mnist-001
    """
    from cnncli import open_run
    from cnncli.cli.terminal.console import notice, say
    from cnncli.cli.terminal.screen import TrainingScreen
    from cnncli.cli.terminal.signals import Signals
    from cnncli.errors import NotReproduced

    opened = open_run(run, runs_dir)
    with Signals() as signals, TrainingScreen(quiet, signals) as screen:
        result = opened.reproduce(runs_dir, [screen], data=data, command=sys.argv)
    if not quiet:
        say()
    if not result.is_same:
        for circumstance in result.circumstances:
            notice(f"changed since: {circumstance}")
        raise NotReproduced(f"{result.again} differs from {result.run}: {result.difference}")
    say(f"{result.again} is identical to {result.run}: every epoch, the best weights and the predictions")
