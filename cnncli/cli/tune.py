"""`cnncli tune`: searches for better values of keys of a spec."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
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
    """Search for better values of the keys that CONFIG lists under tune.space.

    Every trial is a run. The same command, started again or elsewhere, continues or joins the search.

    \b
    Example:
      cnncli tune mnist.yaml --set tune.trials=20
    """
    from cnncli.cli.terminal.console import notice, say, show_problems
    from cnncli.cli.terminal.signals import Signals
    from cnncli.errors import Problem, SpecError
    from cnncli.runner.inputs.preconditions import require_inputs_exist
    from cnncli.spec import load
    from cnncli.wording import in_shell

    options = Options(**given)
    config, runs_dir, quiet = options.config, options.runs_dir, options.quiet
    named = [f"name={options.name}"] if options.name is not None else []
    loaded = load(config, [*options.overrides, *named])
    if not loaded.spec.tune.space:
        problem = Problem((), "there is nothing to search: list keys with their distributions in tune.space")
        raise loaded.locate(SpecError([problem]))
    _require_packages()
    if loaded.warnings and not quiet:
        show_problems(loaded.warnings, str(config), "warning")
    require_inputs_exist(loaded.spec.data, loaded.spec.model, runs_dir, loaded.spec.track)
    from cnncli.tune.result import BEST
    from cnncli.tune.worker import Worker

    command = ["cnncli", "tune", str(config)]  # without --storage, which may hold a password
    with Signals() as signals, loaded.locating():
        screen = _Screen(quiet)
        signals.announce = notice
        try:
            worker = Worker(loaded, runs_dir, options.storage, screen, command)
            worker.give_up(options.lost)
            best = worker.run()
            if best is None:
                notice("no trial was trained to its end, so there is no best.yaml")
                return
            path = worker.folder.path / BEST
            screen.on_best(worker.search, best)
            if options.seeds is not None:
                _retrain(worker, best, options.seeds, runs_dir, command, screen)
        except KeyboardInterrupt:
            screen.on_notice("to continue the search, start the same command again")
            raise
        finally:
            screen.clear()
    if quiet:
        say(str(path))
        return
    say()
    say(f"{worker.folder.path} contains the runs, {BEST} and a page, report.html.")
    say(f"next: cnncli train {in_shell(path)}")


def _retrain(worker: Any, best: Any, seeds: int, runs_dir: Path, command: list[str], screen: Any) -> None:
    from cnncli.tune.retrain import retrain

    accuracies = []
    folder, notice = worker.folder.path, worker.notice_once
    for trained in retrain(folder, worker.search, best, seeds, runs_dir, command, notice):
        accuracies.append(trained.metrics["accuracy"])
        screen.on_retrained(trained)
    screen.on_all_retrained(accuracies)


def _require_packages() -> None:
    from cnncli.errors import ResourceError

    if importlib.util.find_spec("optuna") is None:
        raise ResourceError("a search needs the package optuna", "pip install 'cnncli[tune]'")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)


def _text(value: Any) -> str:
    from cnncli.spec.writer import flow

    return f"{value:.4g}" if isinstance(value, float) else flow(value)


class _Screen:
    """Shows a search: a line for each trial, and on a terminal how far the current one is."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._metric = ""
        self._status: Any = None
        self._waits: list[str] = []
        self._values: Mapping[str, Any] = {}

    def _say(self, text: str) -> None:
        from cnncli.cli.terminal.console import say

        self.clear()
        if not self._quiet:
            say(text)

    def clear(self) -> None:
        """Removes the line about the current trial."""
        if self._status is not None:
            self._status.stop()
        self._status = None

    def _show(self, text: str) -> None:
        """Shows how far the current trial is, on a terminal."""
        from cnncli.cli.terminal.console import is_terminal

        if self._quiet or not is_terminal(sys.stderr):
            return
        if self._status is None:
            from rich.console import Console

            self._status = Console(stderr=True).status("")
            self._status.start()
        self._status.update(text)

    def on_notice(self, text: str) -> None:
        """A line on stderr."""
        from cnncli.cli.terminal.console import notice

        self.clear()
        notice(text)

    def on_start(self, search: Any, place: str, folder: Path, ended: int) -> None:
        """The header."""
        from cnncli.wording import counted

        tune, self._metric = search.spec.tune, search.metric
        until = counted(tune.wanted, "trial") if tune.wanted is not None else f"for {tune.time}"
        done = f", {ended} done" if ended else ""
        self._say(f"search  {search.name}: {until}{done}, {search.metric}, {tune.sampler.name}")
        self._say(f"storage {place}")
        self._say(f"runs    {folder}")

    def on_trial(self, number: int, values: Mapping[str, Any], epochs: int) -> None:
        """The trial begins."""
        self._values, self._waits = values, []
        self._show(f"trial {number}: starting TensorFlow")

    def on_epoch(self, number: int, epoch: int, value: float | None) -> None:
        """How far the trial is."""
        self._show(f"trial {number}: epoch {epoch}{'' if value is None else f', {self._metric} {value:.4f}'}")

    def on_trial_end(self, number: int, state: str, value: float | None, reason: str, is_best: bool) -> None:
        """A line: number, value, what was tried."""
        from cnncli.cli.terminal.console import hanging
        from cnncli.wording import short_names

        figure = f"{value:.4f}" if value is not None else state
        names = short_names(list(self._values))
        tried = ", ".join(f"{names[key]} {_text(item)}" for key, item in self._values.items())
        line = f"{number:5d}  {figure:<8}  {tried}{f' ({reason})' if reason else ''}{'  best' * is_best}"
        self._say(hanging(line, 17))

    def on_best(self, search: Any, best: Any) -> None:
        """The best trial and what it tried."""
        self._say("")
        self._say(f"best   trial {best.number}, {search.metric} {best.values[0]:.4f}")
        for key, value in search.space.values(best.params).items():
            self._say(f"       {key}: {_text(value)}")

    def on_retrained(self, trained: Any) -> None:
        """A line for each seed."""
        from cnncli.wording import with_interval

        metrics = trained.metrics
        interval = metrics.get("intervals", {}).get("accuracy")
        text = with_interval(metrics["accuracy"], interval and tuple(interval), metrics["images"])
        self._say(f"seed {trained.seed}  test accuracy {text}  {trained.run.path}")

    def on_all_retrained(self, accuracies: list[float]) -> None:
        """The mean of several seeds."""
        if len(accuracies) > 1:
            mean = sum(accuracies) / len(accuracies)
            low, high = min(accuracies), max(accuracies)
            self._say(f"mean    {mean:.4f}, from {low:.4f} to {high:.4f}, of {len(accuracies)} seeds")

    def on_wait(self, texts: list[str]) -> None:
        """A line, when what is waited for has changed."""
        if texts != self._waits:
            self._waits = texts
            self.on_notice(f"waiting for {', '.join(texts)}")
