"""Arguments that several commands share; a flag has the same meaning in all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cnncli.workers.addresses import Workers


class UserPath(click.Path):
    """A path, with `~` replaced: shells do that in `~/runs`, and neither in `--runs-dir=~/runs` nor in variables."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, as click checks it."""
        from cnncli.machine import expanded

        return super().convert(os.fspath(expanded(value)), param, ctx)


class _RunsDir(UserPath):
    """A folder on a disk."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; an address is refused."""
        from cnncli.machine import address_in

        if address := address_in(value):
            from cnncli.runs.files import COPY_RUNS

            self.fail(f"runs cannot be written to {address}; {COPY_RUNS}", param, ctx)
        return super().convert(value, param, ctx)


config_argument = click.argument("config", type=UserPath())
set_option = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Set a key of the spec; may be repeated."
)
runs_dir_option = click.option(
    "--runs-dir",
    type=_RunsDir(file_okay=False),
    default=Path("runs"),
    show_default=True,
    envvar="CNNCLI_RUNS_DIR",
    show_envvar=True,
    help="Directory of runs.",
)


def require_png(path: Path) -> None:
    """Refuses a file that a picture cannot be written to, before it is drawn."""
    if path.suffix.lower() != ".png":
        raise click.UsageError("the output file must end in .png")
    if not path.parent.is_dir():
        raise click.UsageError(f"the folder '{path.parent}' does not exist")


def _completing(names: Callable[[], Iterable[str]]) -> Callable[..., list[Any]]:
    """A function that click asks for names which begin with what was typed so far."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in names() if name.lower().startswith(incomplete.lower())]

    return complete


def _shipped() -> Iterator[str]:
    from cnncli.spec.shipped import shipped

    yield from (one.name for one in shipped())


def _explained() -> Iterator[str]:
    from cnncli.explain.topics import families, names

    yield from dict.fromkeys(name for family in families() for name in names(family))


complete_shipped = _completing(_shipped)
"""Completes names of shipped specs."""

complete_explained = _completing(_explained)
"""Completes everything that `cnncli explain` knows by name."""


def complete_runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    """Completes names of runs, and paths where no name fits."""
    from click.shell_completion import CompletionItem

    from cnncli.runs import list_runs

    folder = context.params.get("runs_dir") or Path("runs")
    names = [run.name for run in list_runs(folder) if run.name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="dir")]


run_option = click.option(
    "--run", "named", shell_complete=complete_runs, help="Run folder or name; default: the newest finished run."
)
"""The run of a command whose arguments are images."""


devices_option = click.option(
    "--devices",
    metavar="DEVICES",
    help="What shares each step: all, a number, or names such as GPU:0,GPU:1; overrides the spec's.",
)


def workers_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that several processes can share."""
    for option in (
        click.option("--wait", metavar="TIME", help="How long to wait for the other ranks; default: 5m."),
        click.option("--rank", type=click.IntRange(0), help="Number of this process; 0 writes the run."),
        click.option(
            "--workers",
            metavar="ADDRESSES",
            help="Train with other processes: HOST:PORT of each, by rank; or TF_CONFIG, or slurm.",
        ),
    ):
        command = option(command)
    return command


def workers_value(workers: str | None, rank: int | None, wait: str | None) -> Workers | None:
    """What these options are given; None for a training in one process."""
    from cnncli.spec.sections.duration import seconds_of
    from cnncli.workers.addresses import WAIT, processes_in_tf_config, workers_of

    if workers is None:
        if rank is not None or wait is not None:
            raise click.UsageError(f"{'--rank' if wait is None else '--wait'} requires --workers")
        if (processes := processes_in_tf_config()) > 1:
            from cnncli.cli.terminal.console import notice

            notice(f"note: TF_CONFIG names {processes} processes; to train with them: --workers TF_CONFIG")
        return None
    seconds = WAIT if wait is None else seconds_of(wait)
    if seconds is None:
        raise click.UsageError(f"--wait: expected a time such as 90s or 10m, got '{wait}'")
    try:
        return workers_of(workers, rank, seconds)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def devices_value(text: str) -> int | str | list[str]:
    """What `--devices` is given, as `train.devices` takes it.

    Example:
        >>> devices_value("GPU:0,GPU:1"), devices_value("2"), devices_value("all")
        (['GPU:0', 'GPU:1'], 2, 'all')
    """
    names = [name.strip() for name in text.strip("[]").split(",")]
    return names if ":" in text else int(text) if text.isdecimal() else text


data_option = click.option("--data", type=UserPath(), help="New path of the run's images, if they were moved.")
run_argument = click.argument("run", shell_complete=complete_runs)
weights_option = click.option(
    "--weights",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Weights of the best epoch, or those at the end of the training.",
)
calibrated_option = click.option(
    "--calibrated/--uncalibrated",
    default=None,
    help="Correct confidences by the run's temperature, which changes no answer; default: as the spec says.",
)
allow_changed_weights_option = click.option(
    "--allow-changed-weights",
    is_flag=True,
    help="Accept weights whose checksum does not match the run; see docs/safety.md.",
)
