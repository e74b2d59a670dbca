"""`cnncli check`: every problem in a spec, or ok."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import config_argument, set_option


@click.command()
@config_argument
@set_option
@click.option("--build", is_flag=True, help="Build the model in TensorFlow as well.")
def check(config: Path, overrides: tuple[str, ...], build: bool) -> None:
    """Find every mistake in CONFIG, with its line and column.

    \b
    Example:
      cnncli check configs/mnist.yaml --set train.epochs=5
    """
    from cnncli.cli.console import say, show_problems
    from cnncli.errors import SpecError
    from cnncli.spec import load

    loaded = load(config, overrides)
    if loaded.warnings:
        show_problems(loaded.warnings, str(config), "warning")
    if build:
        from cnncli.runner.prepare import check_build

        try:
            check_build(loaded.spec)
        except SpecError as error:
            raise loaded.locate(error) from error
    say(f"{config}: ok")
