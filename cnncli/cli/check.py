"""`cnncli check`: every problem in a spec, or ok."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import config_argument, set_option


@click.command()
@config_argument
@set_option
def check(config: Path, overrides: tuple[str, ...]) -> None:
    """Find every mistake in CONFIG, with its line and column.

    \b
    Example:
      cnncli check configs/mnist.yaml --set train.epochs=5
    """
    from cnncli.cli.console import show_problems
    from cnncli.spec import load

    loaded = load(config, overrides)
    if loaded.warnings:
        show_problems(loaded.warnings, str(config), "warning")
    click.echo(f"{config}: ok")
