"""The command line: the only room that knows click and rich. `main` is the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from cnncli import __version__
from cnncli.errors import CnncliError, Interrupted, SpecError

_COMMANDS = {
    "train": "cnncli.cli.train",
    "evaluate": "cnncli.cli.evaluate",
    "check": "cnncli.cli.check",
    "layers": "cnncli.cli.layers",
    "schema": "cnncli.cli.schema",
}


class _Commands(click.Group):
    """Loads the file of a command when it is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The commands in the order in which people need them."""
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of this name, or None."""
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[name]), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="cnncli")
def cnncli() -> None:
    """Train an image classifier from one YAML file.

    \b
    Example:
      cnncli train configs/mnist.yaml
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process with the documented exit code."""
    try:
        result: Any = cnncli.main(args=arguments, prog_name="cnncli", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except SpecError as error:
        from cnncli.cli.console import show_problems

        show_problems(error.problems, error.source)
        sys.exit(error.exit_code)
    except Interrupted as stopped:
        click.echo(f"stopped after {stopped.epochs} epochs; what was reached is in {stopped.run}", err=True)
        sys.exit(stopped.exit_code)
    except CnncliError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(error.exit_code)
    sys.exit(result if isinstance(result, int) else 0)
