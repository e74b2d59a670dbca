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
    from cnncli.cli.console import say, show_problems
    from cnncli.errors import SpecError
    from cnncli.runner.inputs.preconditions import missing_inputs
    from cnncli.spec import load

    try:
        loaded = load(config, overrides)
        absent = missing_inputs(loaded.spec.data, loaded.spec.model, runs_dir)
        warnings = [*loaded.warnings, *(loaded.locate(SpecError(absent)).problems if absent else ())]
        if warnings:
            show_problems(warnings, str(config), "warning", say)
        if build:
            from cnncli.runner.inputs.splits import load_input_spec
            from cnncli.runner.model.build import check_build

            with loaded.locating():
                check_build(loaded.spec, load_input_spec(loaded.spec.data))
    except SpecError as error:  # here problems are the result, not a failure
        show_problems(error.problems, error.source, write=say)
        return error.exit_code
    say(f"{config}: ok")
    return 0
