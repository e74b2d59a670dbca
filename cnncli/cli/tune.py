"""`cnncli tune`: searches for better values of keys of a spec."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cnncli.cli.options import config_argument, runs_dir_option, set_option


@dataclass(frozen=True)
class Options:
    """What the command line gives to `cnncli tune`."""

    config: Path
    overrides: tuple[str, ...]
    runs_dir: Path
    storage: str | None
    name: str | None
    seeds: int | None
    lost: tuple[int, ...]
    quiet: bool


@click.command()
@config_argument
@set_option
@runs_dir_option
@click.option("--storage", help="Journal file, sqlite:///FILE or postgresql://…; default: a journal beside the runs.")
@click.option("--name", help="Name of the search; overrides the spec's.")
@click.option(
    "--retrain",
    "seeds",
    type=click.IntRange(1),
    metavar="N",
    help="At the end, train the best spec with N seeds, and measure each on the test images.",
)
@click.option(
    "--give-up",
    "lost",
    type=click.IntRange(0),
    metavar="TRIAL",
    multiple=True,
    help="Count a trial as failed whose machine is gone; may be repeated.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only the path of best.yaml.")
def tune(**given: Any) -> None:
    """Search for better values of keys of CONFIG.

    The keys are those that CONFIG lists under tune.space, and every trial is a run. The same command, started
    again or elsewhere, continues or joins the search.

    \b
    Example:
      cnncli tune mnist.yaml --set tune.trials=20
    """
    from cnncli.api.tune import search
    from cnncli.cli.terminal.console import notice, say, show_problems
    from cnncli.cli.terminal.search import SearchScreen
    from cnncli.cli.terminal.signals import Signals
    from cnncli.spec import load
    from cnncli.spec.overrides import OptionsOwn
    from cnncli.wording import in_shell

    options = Options(**given)
    config, quiet = options.config, options.quiet
    named = [] if options.name is None else [OptionsOwn.of("--name", "name", options.name)]
    loaded = load(config, [*options.overrides, *named])
    if loaded.warnings and loaded.spec.tune.space and not quiet:
        show_problems(loaded.warnings, str(config), "warning")
    command = ["cnncli", "tune", str(config)]  # without --storage, which may hold a password
    with Signals() as signals, loaded.locating():
        screen = SearchScreen(quiet)
        signals.announce = notice
        try:
            result = search(
                loaded, options.runs_dir, [screen], options.storage, options.seeds or 0, options.lost, command
            )
        except KeyboardInterrupt:
            screen.on_notice("to continue the search, start the same command again")
            raise
        finally:
            screen.clear()
    if result.best is None:
        notice("no trial was trained to its end, so there is no best.yaml")
        return
    screen.show_mean()
    path = result.path / "best.yaml"
    if quiet:
        say(str(path))
        return
    say()
    say(f"{result.path} contains the runs, {path.name} and a page, report.html.")
    say(f"next: cnncli train {in_shell(path)}")
