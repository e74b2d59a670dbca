"""`cnncli check`: every problem in a spec, or ok."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Set a key of the spec; may be repeated.")
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
