"""`cnncli train`: trains a spec."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from cnncli.cli.options import config_argument, devices_option, devices_value, runs_dir_option, set_option


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
@click.option("--dry-run", "dry", is_flag=True, help="Estimate time, memory and disk without creating a run.")
@click.option("--overfit-batch", "overfit", is_flag=True, help="Test if one batch can be memorised; creates no run.")
@click.option("--json", "as_json", is_flag=True, help="Print the result of --dry-run or --overfit-batch as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print only the run folder.")
def train(
    config: Path,
    overrides: tuple[str, ...],
    runs_dir: Path,
    name: str | None,
    max_time: str | None,
    folds: int | None,
    final: bool,
    trackers: tuple[str, ...],
    devices: str | None,
    dry: bool,
    overfit: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Train the model of CONFIG and save all results in a run folder.

    \b
    Example:
      cnncli train configs/mnist.yaml --dry-run
      cnncli train configs/mnist.yaml --set train.epochs=5
      cnncli train photos.yaml --folds 5 --final
    """
    from cnncli.cli.console import show_problems
    from cnncli.cli.preflight import PreflightScreen, run_dry, run_overfit
    from cnncli.cli.screen import TrainingScreen, show_folds, show_result
    from cnncli.cli.signals import Signals
    from cnncli.environment import divide_processor
    from cnncli.runner.inputs.preconditions import require_inputs_exist
    from cnncli.spec import load
    from cnncli.spec.devices import parts_of_processor

    began = time.perf_counter()
    if dry and overfit:
        raise click.UsageError("--dry-run and --overfit-batch cannot be combined")
    if as_json and not (dry or overfit):
        raise click.UsageError(
            "--json requires --dry-run or --overfit-batch; the results of a run are in its metrics.json"
        )
    if final and not folds:
        raise click.UsageError("--final requires --folds")
    if overfit and folds:
        raise click.UsageError("--overfit-batch and --folds cannot be combined")
    options = {
        "name": name,
        "train.max_time": max_time,
        "train.devices": devices and json.dumps(devices_value(devices)),
        "track": f"[{', '.join(trackers)}]" if trackers else None,
    }
    loaded = load(config, [*overrides, *(f"{key}={value}" for key, value in options.items() if value is not None)])
    if loaded.warnings and not quiet:
        show_problems(loaded.warnings, str(config), "warning")
    if dry or overfit:
        require_inputs_exist(loaded.spec.data, loaded.spec.model, runs_dir)  # before TensorFlow is started
    divide_processor(parts_of_processor(loaded.spec.train.devices))
    screen_class = PreflightScreen if dry or overfit else TrainingScreen
    with Signals() as signals, screen_class(quiet, signals) as screen, loaded.locating():
        if dry:
            return run_dry(loaded.spec, runs_dir, screen, began, as_json, folds, final)
        if overfit:
            return run_overfit(loaded.spec, runs_dir, screen, as_json)
        from cnncli import train as run_training, train_folds

        if folds:
            group = train_folds(loaded.spec, folds, runs_dir, [screen], final=final, command=sys.argv)
            show_folds(group, quiet)
            return 0
        run = run_training(loaded.spec, runs_dir, [screen], command=sys.argv)
    show_result(run, quiet)
    return 0
