"""The command line: the only room that knows click and rich. `main` is the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import shlex
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

import click
from click.exceptions import Exit

from cnncli import __version__
from cnncli.cli.options import key_instead
from cnncli.errors import CnncliError, Interrupted, SpecError, brief

COMMANDS = {
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
"""Each command with the module that has a click command of the same name; a new command is one line here."""

OUTPUT_CLOSED = 141
"""The exit code when the reader of the output closed the pipe, as in `cnncli runs | head -1`: 128 + SIGPIPE."""


@contextlib.contextmanager
def _past_click() -> Iterator[None]:
    """Inside, signals and a closed pipe have their own exit codes; click would turn each of these into 1."""
    try:
        yield
    except KeyboardInterrupt as signal:
        click.echo("interrupted", err=True)
        raise Exit(getattr(signal, "exit_code", 130)) from None
    except BrokenPipeError:
        raise Exit(OUTPUT_CLOSED) from None


class _Commands(click.Group):
    """A group that imports the file of a command when the command is run; signals and closed pipes pass click."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with _past_click():
            return super().make_context(*arguments, **more)

    def invoke(self, context: click.Context) -> Any:
        with _past_click():
            return super().invoke(context)

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name]), name)
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments and arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
            from cnncli.wording import nearest

            context.fail(f"no command is called '{arguments[0]}'{nearest(arguments[0], COMMANDS)}")
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
    """Runs the command line and raises SystemExit with the documented exit code.

    Args:
        arguments: Arguments of the command line; None for those of the process, which then ends.
    """
    from cnncli.cli.console import accept_any_text

    accept_any_text()
    warnings.filterwarnings("ignore", module=r"PIL\.")  # about metadata that is not used
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:  # a second one, while the first was being reported
        code = 130
    except BrokenPipeError:
        code = OUTPUT_CLOSED
    if arguments is None:
        if code == OUTPUT_CLOSED:  # Python flushes stdout once more as it ends, and would report the closed pipe
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        gc.freeze()  # else the last collection goes over all of TensorFlow, for one to two seconds
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = cnncli.main(args=arguments, prog_name="cnncli", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and (
            hint := key_instead(error, sys.argv[1:] if arguments is None else arguments)
        ):
            click.echo(hint, err=True)
        return error.exit_code
    except click.Abort:  # Ctrl-C at a question
        click.echo("interrupted", err=True)
        return 130
    except (CnncliError, Interrupted) as error:
        return _report(error)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            return _report_bug(error)
        from cnncli.cli.console import notice, one_line

        notice(f"error: this file name is too long: {one_line(str(error.filename)[:80])}…")
        return click.UsageError.exit_code
    except Exception as error:
        return _report_bug(error)


def _report(error: CnncliError | Interrupted) -> int:
    from cnncli.cli.console import notice, show_problems
    from cnncli.wording import counted

    if isinstance(error, SpecError):
        show_problems(error.problems, error.source)
    elif isinstance(error, Interrupted):
        left_out = f"; {error.left_out}" if error.left_out else ""
        notice(f"interrupted after {counted(error.epochs, 'epoch')}; results so far are in {error.run}{left_out}")
        notice(f"to continue: cnncli resume {shlex.quote(error.run)}")
    else:
        notice(f"error: {error.message}")
        if error.hint:
            notice(error.hint)
    return error.exit_code


def _report_bug(error: BaseException) -> int:
    """Writes the traceback to a file to attach to a report; the screen gets one line."""
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
