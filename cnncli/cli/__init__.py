"""The command line: the only room that knows click and rich. `main` is the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import shlex
import sys
from typing import Any, NoReturn

import click

from cnncli import __version__
from cnncli.errors import CnncliError, Interrupted, SpecError

_COMMANDS = {
    "init": "cnncli.cli.init",
    "train": "cnncli.cli.train",
    "resume": "cnncli.cli.resume",
    "reproduce": "cnncli.cli.reproduce",
    "evaluate": "cnncli.cli.evaluate",
    "predict": "cnncli.cli.predict",
    "summary": "cnncli.cli.summary",
    "preview": "cnncli.cli.preview",
    "check": "cnncli.cli.check",
    "data": "cnncli.cli.data",
    "runs": "cnncli.cli.runs",
    "configs": "cnncli.cli.configs",
    "layers": "cnncli.cli.layers",
    "explain": "cnncli.cli.explain",
    "schema": "cnncli.cli.schema",
    "doctor": "cnncli.cli.doctor",
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

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest right word."""
        if arguments and arguments[0] not in _COMMANDS and not arguments[0].startswith("-"):
            from cnncli.catalog.kinds import nearest

            context.fail(f"no command is called '{arguments[0]}'{nearest(arguments[0], _COMMANDS)}")
        return super().resolve_command(context, arguments)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="cnncli")
def cnncli() -> None:
    """Train an image classifier from one YAML file.

    \b
    Example:
      cnncli train configs/mnist.yaml
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process with the documented exit code."""
    from cnncli.cli.console import accept_any_text

    accept_any_text()
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = cnncli.main(args=arguments, prog_name="cnncli", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as signal:
        click.echo("stopped", err=True)
        return int(getattr(signal, "exit_code", 130))
    except Interrupted as stopped:
        return _report_interrupted(stopped)
    except CnncliError as error:
        return _report(error)
    except Exception:
        return _report_bug()


def _report(error: CnncliError) -> int:
    from cnncli.cli.console import notice, show_problems

    if isinstance(error, SpecError):
        show_problems(error.problems, error.source)
    else:
        notice(f"error: {error.message}")
        if error.hint:
            notice(error.hint)
    return error.exit_code


def _report_interrupted(stopped: Interrupted) -> int:
    from cnncli.cli.console import counted, notice

    left_out = f"; {stopped.left_out}" if stopped.left_out else ""
    notice(f"stopped after {counted(stopped.epochs, 'epoch')}; what was reached is in {stopped.run}{left_out}")
    notice(f"go on with: cnncli resume {shlex.quote(stopped.run)}")
    return stopped.exit_code


def _report_bug() -> int:
    """What went wrong goes into a file that a person can attach to a report; the screen gets one line."""
    import tempfile
    import traceback

    from cnncli.cli.console import notice

    reason = traceback.format_exc()
    with tempfile.NamedTemporaryFile("w", prefix="cnncli-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(f"cnncli {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{reason}")
    notice(f"bug in cnncli: {reason.strip().splitlines()[-1]}; please report it with {log.name}")
    return 1
