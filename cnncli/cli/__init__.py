"""The command line: the only room that knows click and rich. `main` is the one place where errors become exit codes."""

from __future__ import annotations

import atexit
import contextlib
import errno
import importlib
import os
import shlex
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import click

from cnncli import __version__
from cnncli.cli.options import key_instead
from cnncli.errors import CnncliError, Interrupted, SpecError, brief

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


NOBODY_READS = 141
"""The exit code when whoever read the output is gone, as in `cnncli runs | head -1`: that of all Unix tools."""


class _Ended(Exception):
    """What ended a command from outside, with its exit code; click, which makes 1 of all of these, does not know it."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


@contextlib.contextmanager
def _past_click() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as signal:
        raise _Ended(getattr(signal, "exit_code", 130)) from None
    except BrokenPipeError:
        raise _Ended(NOBODY_READS) from None


class _Commands(click.Group):
    """Loads the file of a command when it is asked for."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """As click does it."""
        with _past_click():
            return super().make_context(*arguments, **more)

    def invoke(self, context: click.Context) -> Any:
        """As click does it."""
        with _past_click():
            return super().invoke(context)

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
            from cnncli.catalog.validators import nearest

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
    """Runs the command line and ends the process with the documented exit code.

    Args:
        arguments: of the command line; None for those of the process, which then is not taken apart before it ends:
            that takes seconds once TensorFlow is in it.
    """
    from cnncli.cli.console import accept_any_text

    accept_any_text()
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:  # once more, while the end was being told
        code = 130
    except BrokenPipeError:
        code = NOBODY_READS
    if arguments is not None:
        sys.exit(code)
    try:
        atexit._run_exitfuncs()  # they remove temporary files
    finally:
        os._exit(code)


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = cnncli.main(args=arguments, prog_name="cnncli", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and (hint := key_instead(error)):
            click.echo(hint, err=True)
        return error.exit_code
    except _Ended as ended:
        if ended.exit_code != NOBODY_READS:
            click.echo("stopped", err=True)
        return ended.exit_code
    except click.Abort:  # Ctrl-C at a question
        click.echo("stopped", err=True)
        return 130
    except Interrupted as stopped:
        return _report_interrupted(stopped)
    except CnncliError as error:
        return _report(error)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            return _report_bug(error)
        from cnncli.cli.console import notice, one_line

        notice(f"error: no file can have so long a name: {one_line(str(error.filename)[:80])}…")
        return click.UsageError.exit_code
    except Exception as error:
        return _report_bug(error)


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


def _report_bug(error: BaseException) -> int:
    """What went wrong goes into a file that a person can attach to a report; the screen gets one line."""
    import tempfile
    import traceback

    from cnncli.cli.console import notice

    reason = traceback.format_exc()
    with tempfile.NamedTemporaryFile(
        "w", prefix="cnncli-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as log:
        log.write(f"cnncli {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{reason}")
    notice(f"bug in cnncli: {brief(error)}; please report it with {log.name}")
    return 1
