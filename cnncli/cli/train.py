"""`cnncli train`: trains a spec."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cnncli.cli.options import (
    config_argument,
    devices_option,
    devices_value,
    runs_dir_option,
    set_option,
    workers_options,
    workers_value,
)


@dataclass(frozen=True)
class Options:
    """What the command line gives to `cnncli train`."""

    config: Path
    overrides: tuple[str, ...]
    runs_dir: Path
    name: str | None
    max_time: str | None
    folds: int | None
    final: bool
    trackers: tuple[str, ...]
    devices: str | None
    workers: str | None
    rank: int | None
    wait: str | None
    dry: bool
    overfit: bool
    find_lr: bool
    find_batch: bool
    as_json: bool
    quiet: bool

    @property
    def preflights(self) -> list[str]:
        """The options that create no run."""
        options = ("--dry-run", "--overfit-batch", "--find-lr", "--find-batch")
        given = (self.dry, self.overfit, self.find_lr, self.find_batch)
        return [option for option, is_given in zip(options, given, strict=True) if is_given]

    @property
    def settings(self) -> list[str]:
        """Keys of the spec with their values, as `--set` takes them: those that options of their own set come last."""
        from cnncli.spec.overrides import OptionsOwn

        devices, trackers = self.devices and json.dumps(devices_value(self.devices)), ", ".join(self.trackers)
        own = (
            ("--name", "name", self.name, None),
            ("--max-time", "train.max_time", self.max_time, None),
            ("--devices", "train.devices", self.devices, devices),
            ("--track", "track", trackers or None, f"[{trackers}]"),
        )
        named = [OptionsOwn.of(option, key, typed, value) for option, key, typed, value in own if typed is not None]
        return [*self.overrides, *named]


@click.command()
@config_argument
@set_option
@runs_dir_option
@click.option("--name", help="Prefix of the run folder; overrides the spec's.")
@click.option("--max-time", metavar="TIME", help="Time for the training, such as 10m; overrides the spec's.")
@click.option("--folds", type=click.IntRange(2, 100), metavar="N", help="Train N runs that test every image once.")
@click.option("--final", is_flag=True, help="With --folds: train one more run, on all images.")
@click.option(
    "--track",
    "trackers",
    metavar="TRACKER",
    multiple=True,
    help="Also send to TensorBoard, or 'MLflow: {tracking_uri: …}'; may be repeated; overrides the spec's.",
)
@devices_option
@workers_options
@click.option("--dry-run", "dry", is_flag=True, help="Estimate time, memory and disk without creating a run.")
@click.option("--overfit-batch", "overfit", is_flag=True, help="Test if one batch can be memorised; creates no run.")
@click.option("--find-lr", is_flag=True, help="Find a learning rate, and draw how it was found; creates no run.")
@click.option("--find-batch", is_flag=True, help="Find the batch size that is quickest here; creates no run.")
@click.option("--json", "as_json", is_flag=True, help="Print the result of such a test or estimate as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the run folder.")
def train(**given: Any) -> int:
    """Train the model of CONFIG, with all results in a run folder.

    \b
    Example:
      cnncli train configs/mnist.yaml --dry-run
      cnncli train configs/mnist.yaml --find-lr
      cnncli train configs/mnist.yaml --set train.epochs=5
      cnncli train photos.yaml --folds 5 --final
    """
    from cnncli.cli.terminal.console import show_problems
    from cnncli.cli.terminal.find import run_find_batch, run_find_lr
    from cnncli.cli.terminal.preflight import PreflightScreen, run_dry, run_overfit
    from cnncli.cli.terminal.screen import TrainingScreen, show_folds, show_result, show_shared
    from cnncli.cli.terminal.signals import Signals
    from cnncli.environment import divide_processor
    from cnncli.runner.inputs.preconditions import require_inputs_exist
    from cnncli.runner.threads import choose_threads
    from cnncli.spec import load
    from cnncli.spec.sections.devices import parts_of_processor
    from cnncli.workers.meeting import telling_others

    began = time.perf_counter()
    options = Options(**given)
    _refuse_what_conflicts(options)
    workers = workers_value(options.workers, options.rank, options.wait)
    with telling_others(workers):
        loaded = load(options.config, options.settings)
    spec, runs_dir, more = loaded.spec, options.runs_dir, workers.options if workers else ""
    if loaded.warnings and not options.quiet:
        show_problems(loaded.warnings, str(options.config), "warning")
    if options.preflights:
        require_inputs_exist(spec.data, spec.model, runs_dir)  # before TensorFlow is started
        choose_threads(spec)
    divide_processor(parts_of_processor(spec.train.devices))
    screen_class = PreflightScreen if options.preflights else TrainingScreen
    with Signals() as signals, screen_class(options.quiet, signals, more) as screen, loaded.locating():
        if options.dry:
            return run_dry(spec, runs_dir, screen, began, options.as_json, options.folds, options.final)
        if options.overfit:
            return run_overfit(spec, runs_dir, screen, options.as_json)
        if options.find_lr:
            return run_find_lr(spec, runs_dir, screen, options.as_json)
        if options.find_batch:
            return run_find_batch(spec, runs_dir, screen, options.as_json)
        if workers is not None:
            from cnncli.api.workers import train_together

            run = train_together(spec, workers, runs_dir, [screen], command=sys.argv)
            return show_shared(run, options.quiet)
        from cnncli import train as run_training, train_folds

        if options.folds:
            group = train_folds(spec, options.folds, runs_dir, [screen], final=options.final, command=sys.argv)
            show_folds(group, options.quiet)
            return 0
        run = run_training(spec, runs_dir, [screen], command=sys.argv)
    show_result(run, options.quiet)
    return 0


def _refuse_what_conflicts(options: Options) -> None:
    """Refuses options that contradict each other."""
    if len(options.preflights) > 1:
        raise click.UsageError(f"{' and '.join(options.preflights[:2])} cannot be combined")
    if options.as_json and not options.preflights:
        raise click.UsageError(
            "--json requires --dry-run, --overfit-batch, --find-lr or --find-batch; the results of a run are in its "
            "metrics.json"
        )
    if options.final and not options.folds:
        raise click.UsageError("--final requires --folds")
    if options.workers is not None and (others := ["--folds"] * bool(options.folds) + options.preflights):
        raise click.UsageError(f"--workers and {others[0]} cannot be combined: {others[0]} runs in one process")
    if options.folds and (others := [option for option in options.preflights if option != "--dry-run"]):
        raise click.UsageError(f"{others[0]} and --folds cannot be combined")
