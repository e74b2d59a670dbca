"""`cnncli serve`: answers over HTTP, with a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cnncli.catalog.export_formats import ENGINES
from cnncli.cli.options import (
    UserPath,
    allow_changed_weights_option,
    calibrated_option,
    complete_runs,
    runs_dir_option,
    weights_option,
)

LEAST_TOKEN = 16
"""Characters of a token: shorter ones can be guessed."""


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", shell_complete=complete_runs)
@runs_dir_option
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve at; another one needs a token.")
@click.option(
    "--token",
    envvar="CNNCLI_TOKEN",
    show_envvar=True,
    help="What requests must carry. Others on this machine see the options of a command, not its variables.",
)
@click.option("--token-file", type=UserPath(dir_okay=False), help="File with the token.")
@weights_option
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    help="What computes the answers; default: of the run's verified exports the quickest, else TensorFlow.",
)
@calibrated_option
@allow_changed_weights_option
def serve(
    runs: tuple[str, ...],
    runs_dir: Path,
    port: int,
    host: str,
    token: str | None,
    token_file: Path | None,
    weights: Literal["best", "last"],
    engine: str | None,
    calibrated: bool | None,
    allow_changed_weights: bool,
) -> int:
    """Classify images over HTTP, with a page for people.

    RUN is a run folder or its name. Images are sent to /predict, or to /runs/NAME/predict; the page is at /. Nothing of
    a request is stored. Ctrl-C or SIGTERM ends it, after what was accepted is answered.

    \b
    Example:
      cnncli serve mnist-001
      curl --data-binary @digit.png http://127.0.0.1:8000/predict
    """
    from cnncli.cli.terminal.console import notice, say
    from cnncli.runs import find_run
    from cnncli.wording import in_shell

    folders = [find_run(name, runs_dir) for name in runs]
    key = _token(token, token_file)
    _require_packages()
    from cnncli.serve import server
    from cnncli.serve.limits import Limits
    from cnncli.serve.served import ServedRun

    limits = Limits()
    served = [
        ServedRun(each, weights, engine, limits.batch, allow_changed_weights, notice, calibrated) for each in folders
    ]
    _require_different_names([each.name for each in served])
    with server.bound_socket(host, port) as bound:
        if not key and not server.is_loopback(bound):
            raise click.UsageError(
                f"others can reach {host}: set a token, with --token-file or the variable CNNCLI_TOKEN; to make one: "
                'python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        for each in served:
            each.open()
            notice(f"{each.name}: {len(each.model.classes)} classes, engine {each.model.engine.words}")
            if engine is None and each.model.engine.words == "tensorflow":
                notice(f"quicker, and with a tenth of the memory: cnncli export {in_shell(each.path)} --format litert")
        return server.run(served, bound, key, notice, say)


def _require_different_names(names: list[str]) -> None:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise click.UsageError(f"two runs are called {twice}; requests tell runs apart by their names")


def _token(text: str | None, file: Path | None) -> str:
    """The token; empty for none."""
    if file is not None:
        if text:
            raise click.UsageError("--token-file and --token (or CNNCLI_TOKEN) cannot be combined")
        try:
            text = file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise click.UsageError(f"--token-file '{file}' cannot be read: {reason}") from None
    elif text is None:
        return ""
    if len(text) < LEAST_TOKEN or not all("!" <= character <= "~" for character in text):
        raise click.UsageError(f"a token has {LEAST_TOKEN} or more letters, digits and signs, and no blanks")
    return text


def _require_packages() -> None:
    """Refuses to start without the extra.

    Raises:
        ResourceError: A package is missing.
    """
    from importlib import import_module

    from cnncli.errors import ResourceError

    for module in ("starlette", "uvicorn", "prometheus_client"):
        try:
            import_module(module)
        except ImportError as error:
            package = module.replace("_", "-")
            message = f"the server needs the package {package}, which cannot be imported: {error}"
            raise ResourceError(message, "pip install 'cnncli[serve]'") from error
