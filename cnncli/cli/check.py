"""`cnncli check`: every problem in a spec, or ok."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import config_argument, runs_dir_option, set_option


@click.command()
@config_argument
@set_option
@runs_dir_option
@click.option("--build", is_flag=True, help="Build the model in TensorFlow as well.")
def check(config: Path, overrides: tuple[str, ...], runs_dir: Path, build: bool) -> int:
    """Find every mistake in CONFIG, with its line and column.

    Missing images or weights are warnings; to check that images can be read, use 'cnncli data'.

    \b
    Example:
      cnncli check configs/mnist.yaml --set train.epochs=5
    """
    from cnncli import SpecError, check_spec
    from cnncli.cli.console import say, show_problems

    report = check_spec(config, overrides, runs_dir=runs_dir, build=build)
    if report.warnings:
        show_problems(report.warnings, str(config), "warning", say)
    if report.errors:
        show_problems(report.errors, str(config), write=say)
        return SpecError.exit_code
    say(f"{config}: ok")
    return 0
