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
@click.option("--data", is_flag=True, help="Look at the images as well: files, columns, classes, splits, headers.")
def check(config: Path, overrides: tuple[str, ...], runs_dir: Path, build: bool, data: bool) -> int:
    """Find every mistake in CONFIG, with its line and column.

    Missing images or weights are warnings. With --data, whatever training would refuse of the images is an error; to
    look at every pixel, use 'cnncli data'.

    \b
    Example:
      cnncli check configs/mnist.yaml --set train.epochs=5
      cnncli check photographs.yaml --data
    """
    from cnncli import SpecError, check_spec
    from cnncli.cli.terminal.console import next_step, notice, say, show_problems
    from cnncli.wording import counted

    report = check_spec(config, overrides, runs_dir=runs_dir, build=build, data=data, notice=notice)
    if report.warnings:
        show_problems(report.warnings, str(config), "warning", say)
    if report.errors:
        show_problems(report.errors, str(config), write=say)
        return SpecError.exit_code
    looked = "images not looked at; to do so: --data" if report.images is None else counted(report.images, "image")
    say(f"{config}: ok ({looked})")
    next_step("train", config, *(part for override in overrides for part in ("--set", override)))
    return 0
