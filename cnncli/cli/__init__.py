"""The command line: the only room that knows click and rich. `main` is the one place where errors become exit codes."""

from __future__ import annotations

import atexit
import contextlib
import errno
import importlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click
from click.exceptions import Exit

from cnncli import __version__
from cnncli.cli.terminal.console import accept_any_text
from cnncli.cli.terminal.streams import open_standard_streams
from cnncli.environment import claim_process
from cnncli.errors import CnncliError, Interrupted, ResourceError, SpecError, brief

COMMANDS = {
    "init": "cnncli.cli.init",
    "train": "cnncli.cli.train",
    "tune": "cnncli.cli.tune",
    "resume": "cnncli.cli.resume",
    "reproduce": "cnncli.cli.reproduce",
    "evaluate": "cnncli.cli.evaluate",
    "predict": "cnncli.cli.predict",
    "heatmap": "cnncli.cli.heatmap",
    "report": "cnncli.cli.report",
    "export": "cnncli.cli.export",
    "serve": "cnncli.cli.serve",
    "summary": "cnncli.cli.summary",
    "preview": "cnncli.cli.preview",
    "check": "cnncli.cli.check",
    "data": "cnncli.cli.data.check",
    "data fetch": "cnncli.cli.data.fetch",
    "data pack": "cnncli.cli.data.pack",
    "runs": "cnncli.cli.runs",
    "compare": "cnncli.cli.compare",
    "track": "cnncli.cli.track",
    "configs": "cnncli.cli.configs",
    "layers": "cnncli.cli.layers",
    "explain": "cnncli.cli.explain",
    "schema": "cnncli.cli.schema",
    "doctor": "cnncli.cli.doctor",
}
"""Each command with the module that has a click command of the same name, `_` for a space; a new one is one line here.

A second word comes before an argument: a folder called `fetch` is `./fetch` to `cnncli data`.
"""

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
            try:
                os.getcwd()  # noqa: PTH109
            except FileNotFoundError:
                raise ResourceError("the current folder was removed", "change to another one with cd") from None
            return super().invoke(context)

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name]), name.replace(" ", "_"))
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if arguments and arguments[0] not in COMMANDS and not arguments[0].startswith("-"):
            from cnncli.wording import nearest

            context.fail(f"no command is called '{arguments[0]}'{nearest(arguments[0], COMMANDS)}")
        resolved: tuple[str | None, click.Command | None, list[str]]
        if (both := " ".join(arguments[:2])) in COMMANDS:
            resolved = both, self.get_command(context, both), arguments[2:]
        else:
            resolved = super().resolve_command(context, arguments)
        name, command, rest = resolved
        if command is not None and not context.resilient_parsing:
            _refuse_empty(click.Context(command, info_name=name, parent=context), rest)
        return resolved


def _refuse_empty(context: click.Context, arguments: list[str]) -> None:
    """Refuses an empty text: as a path it would be the current folder, and as a value often the same as none.

    `"$PHOTOS"` is one where the variable is not set.
    """
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if not argument:
            what = f"the value of {before}" if before.startswith("-") and before.strip("-") else "an argument"
        elif re.fullmatch("--[^=]+=", argument):
            what = f"the value of {argument[:-1]}"
        else:
            continue
        context.fail(f"{what} is an empty text; if it is a variable of the shell, it may not be set")


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
    if arguments is None:
        ends_with: list[int] = []
        atexit.register(_leave, ends_with)  # the first that is registered runs last
        open_standard_streams()
        claim_process()
        warnings.simplefilter("ignore")  # for programmers, who may have turned them into errors; users get notices
    accept_any_text()
    try:
        code = _run(arguments)
    except KeyboardInterrupt:  # a second one, while the first was being reported
        code = 130
    except BrokenPipeError:
        code = OUTPUT_CLOSED
    if arguments is None:
        ends_with.append(code)
    sys.exit(code)


def _leave(code: list[int]) -> None:
    """Ends the process as the last of its `atexit` functions: to take TensorFlow apart would take a fifth of a second.

    All that may run at an exit has run, and all threads but daemons have ended.
    """
    with contextlib.suppress(OSError, ValueError):  # then Python says so, with an exit code of its own
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        if code:
            os._exit(code[0])


def _run(arguments: list[str] | None) -> int:
    try:
        result: Any = cnncli.main(args=arguments, prog_name="cnncli", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        from cnncli.cli.hints import usage_hint

        error.show()
        if hint := usage_hint(error, sys.argv[1:] if arguments is None else arguments):
            click.echo(hint, err=True)
        return error.exit_code
    except click.Abort:  # Ctrl-C at a question
        click.echo("interrupted", err=True)
        return 130
    except (CnncliError, Interrupted) as error:
        return _report(error, sys.argv[1:] if arguments is None else arguments)
    except MemoryError:
        return _report(ResourceError("out of memory"))
    except OSError as error:
        return _report_system_error(error)
    except Exception as error:
        return _report_bug(error)


def _report(error: CnncliError | Interrupted, arguments: Sequence[str] = ()) -> int:
    from cnncli.cli.hints import missing_hint
    from cnncli.cli.terminal.console import notice, show_problems

    if isinstance(error, SpecError):
        show_problems(error.problems, error.source)
    elif isinstance(error, Interrupted):
        notice(str(error))
        notice(error.hint)
    else:
        notice(f"error: {error.message}")
        if hint := missing_hint(error, arguments) or error.hint:
            notice(hint)
    return error.exit_code


_SYSTEM = {
    errno.EMFILE: "allow more open files: ulimit -n 4096",
    errno.ENFILE: "close other programs",
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space, or raise the limit"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "choose another folder, or change its permissions"),
    **dict.fromkeys((errno.EIO, errno.ESTALE), "check the disk, or the connection to it"),
    **dict.fromkeys((errno.ENOMEM, errno.EAGAIN), "close other programs"),
}
"""What to do about the errors that any system call can end in."""


def _report_system_error(error: OSError) -> int:
    """An error of the operating system that no command has a message for: what this program can do nothing about."""
    if error.errno == errno.ENAMETOOLONG:
        from cnncli.cli.terminal.console import notice, one_line

        notice(f"error: this file name is too long: {one_line(str(error.filename)[:80])}…")
        return click.UsageError.exit_code
    if "No usable temporary directory" in str(error):
        return _report(ResourceError("no temporary folder can be written to", "set TMPDIR to a folder of yours"))
    if error.errno not in _SYSTEM:
        return _report_bug(error)
    where = f"'{os.fsdecode(error.filename)}': " if isinstance(error.filename, str | bytes) else ""
    return _report(ResourceError(f"{where}{error.strerror}", _SYSTEM[error.errno]))


def _report_bug(error: BaseException) -> int:
    """Writes the traceback to a file to attach to a report; the screen gets one line."""
    import tempfile
    import traceback

    from cnncli.cli.terminal.console import notice

    reason = traceback.format_exc()
    with tempfile.NamedTemporaryFile(
        "w", prefix="cnncli-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as log:
        log.write(f"cnncli {__version__}, Python {sys.version}\n{' '.join(sys.argv)}\n\n{reason}")
    notice(f"bug in cnncli: {brief(error)}; please report it with {log.name}")
    return 1
