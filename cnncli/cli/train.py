"""`cnncli train`: from a YAML file to a run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cnncli.cli.options import config_argument, runs_dir_option, set_option


@click.command()
@config_argument
@set_option
@runs_dir_option
@click.option("--name", help="Prefix of the run folder, in place of the spec's.")
@click.option("-q", "--quiet", is_flag=True, help="Print the run folder and nothing else.")
def train(config: Path, overrides: tuple[str, ...], runs_dir: Path, name: str | None, quiet: bool) -> None:
    """Train the model of CONFIG and keep everything in a run folder.

    \b
    Example:
      cnncli train configs/mnist.yaml --set train.epochs=5
    """
    from cnncli.cli.console import say, show_problems
    from cnncli.cli.screen import TrainingScreen, show_trained
    from cnncli.cli.signals import stopped_by_signals
    from cnncli.errors import SpecError
    from cnncli.spec import load

    loaded = load(config, [*overrides, *([f"name={name}"] if name is not None else [])])
    if loaded.warnings and not quiet:
        show_problems(loaded.warnings, str(config), "warning")
    screen = TrainingScreen(quiet)
    screen.starting()
    try:
        from cnncli.runner.train import train as run_training

        with stopped_by_signals():
            trained = run_training(loaded.spec, runs_dir, screen, sys.argv)
    except SpecError as error:
        raise loaded.locate(error) from error
    finally:
        screen.clear()
    if quiet:
        say(str(trained.run.path))
    else:
        show_trained(trained)
