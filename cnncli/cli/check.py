"""`cnncli check`: every problem in a spec, or ok."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import UserPath, runs_dir_option, set_option

if TYPE_CHECKING:
    from cnncli import SpecReport


@click.command()
@click.argument("configs", metavar="CONFIG...", nargs=-1, required=True, type=UserPath())
@set_option
@runs_dir_option
@click.option("--build", is_flag=True, help="Build the model in TensorFlow as well.")
@click.option("--data", is_flag=True, help="Look at the images as well: files, columns, classes, splits, headers.")
def check(configs: tuple[Path, ...], overrides: tuple[str, ...], runs_dir: Path, build: bool, data: bool) -> int:
    """Find every mistake in each CONFIG, with its line and column.

    Missing images or weights are warnings. With --data, whatever training would refuse of the images is an error; to
    look at every pixel, use 'cnncli data'. The exit code of several specs is the highest of theirs.

    \b
    Example:
      cnncli check configs/mnist.yaml --set train.epochs=5
      cnncli check photographs.yaml --data
      cnncli check configs/*.yaml
    """
    from cnncli import check_spec
    from cnncli.cli.terminal.console import next_step, notice
    from cnncli.errors import CnncliError

    for word in configs if len(configs) > 1 else ():
        if word.suffix.lower() not in (".yaml", ".yml") and not word.exists():  # a value of --set, or a wrong option
            raise click.UsageError(f"Got unexpected extra argument ({word})")
    codes = []
    for config in configs:
        try:
            report = check_spec(config, overrides, runs_dir=runs_dir, build=build, data=data, notice=notice)
            codes.append(_show(report, config))
        except CnncliError as error:  # of its images; the others are checked all the same
            if len(configs) == 1:
                raise
            notice(f"{config}: error: {error.message}")
            if error.hint:
                notice(error.hint)
            codes.append(error.exit_code)
    if codes == [0] and not any(warning.code == "not-there" for warning in report.warnings):  # training would end there
        next_step("train", configs[0], *(part for override in overrides for part in ("--set", override)))
    return max(codes)


def _show(report: SpecReport, config: Path) -> int:
    """Prints what was found in a spec, and returns the exit code."""
    from cnncli.cli.terminal.console import say, show_problems
    from cnncli.errors import SpecError
    from cnncli.wording import counted

    if report.warnings:
        show_problems(report.warnings, str(config), "warning", say)
    if report.errors:
        show_problems(report.errors, str(config), write=say)
        return SpecError.exit_code
    looked = "images not looked at; to do so: --data" if report.images is None else counted(report.images, "image")
    say(f"{config}: ok ({looked})")
    return 0
