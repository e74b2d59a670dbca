"""What `cnncli train` shows of a dry run and of `--overfit-batch`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cnncli.cli.terminal.console import print_json, say, show_paragraph
from cnncli.cli.terminal.screen import TrainingScreen
from cnncli.wording import counted, decimal_text, duration_text, size_text

if TYPE_CHECKING:
    from cnncli.runner.preflight.dry_run import DryRun
    from cnncli.runner.preflight.overfit import Overfit
    from cnncli.runner.preflight.timing import StageSeconds
    from cnncli.spec import Spec


class PreflightScreen(TrainingScreen):
    """Shows on stderr, when that is a terminal, that a dry run is under way, or a bar for what is tried."""

    def __enter__(self) -> Self:
        super().__enter__()
        if self._bar is not None:
            self._bar.update("trying the training; this takes half a minute, or more with stages")
        return self

    def on_step(self, epoch: int, step: int, steps: int, metrics: Mapping[str, float]) -> None:
        """Moves a bar over the steps on one batch, the learning rates, or the batch sizes."""
        self._move("trying", step, steps, "")


def run_dry(
    spec: Spec,
    runs_dir: Path,
    screen: TrainingScreen,
    began: float,
    as_json: bool,
    folds: int | None = None,
    final: bool = False,
) -> int:
    """Makes a dry run, with folds of the first one, and shows what the training takes; returns the exit code."""
    from cnncli.folds.plan import first_fold
    from cnncli.runner.preflight.dry_run import dry_run

    if folds is None:
        estimate = dry_run(spec, runs_dir, screen, began)
    else:
        with first_fold(spec, folds, final, screen) as (of_fold, observer):
            estimate = dry_run(of_fold, runs_dir, observer, began)
    screen.clear()
    runs = 1 if folds is None else folds + final
    if as_json:
        print_json(_dry_run_values(estimate) | ({} if folds is None else {"runs": runs}))
    elif not screen.quiet:
        show_dry_run(estimate)
        if folds is not None:
            total, disk = duration_text(runs * estimate.seconds.total), size_text(runs * estimate.disk.run)
            say(f"{counted(runs, 'run')} of this kind: about {total}, and {disk} on disk.")
    return 0


def run_overfit(spec: Spec, runs_dir: Path, screen: TrainingScreen, as_json: bool) -> int:
    """Trains a network on one batch and shows whether it memorises it; returns the exit code."""
    from cnncli.errors import TrainingError
    from cnncli.runner.preflight.overfit import overfit_batch

    overfit = overfit_batch(spec, runs_dir, screen)
    screen.clear()
    if as_json:
        print_json(_overfit_values(overfit))
    elif not screen.quiet or not overfit.attempt.learned:
        _show_overfit(overfit)
    return 0 if overfit.attempt.learned else TrainingError.exit_code


def show_dry_run(estimate: DryRun) -> None:
    """Prints what a training takes."""
    seconds, disk, peak, free = estimate.seconds, estimate.disk, estimate.memory.peak, estimate.memory.free
    counts = ", ".join(f"{images:,} {split}" for split, images in estimate.images.items())
    say(f"images   {counts} (one batch read from each)")
    say(f"step     {counted(estimate.batch_size, 'image')}, forward and backward: loss {estimate.first_loss:.4f}")
    say("weights  saved and loaded: same outputs, to the last bit")
    say()
    if peak is None:
        say("memory   not available on this system")
    else:
        say(f"memory   {size_text(peak)} peak{f' ({size_text(free)} free)' if free is not None else ''}")
    for number, stage in enumerate(seconds.stages, start=1):
        several = len(seconds.stages) > 1
        epochs = f"; {_epochs(stage.epochs)}" if several else ""
        say(f"{f'stage {number}' if several else 'epoch':<8} {_epoch(stage, estimate.steps_per_epoch)}{epochs}")
    start = seconds.before + sum(stage.before for stage in seconds.stages)
    once = f"{duration_text(start)} to start, build and trace, {duration_text(seconds.after)} for test and reports"
    say(f"one-off  {once}{f', {duration_text(seconds.decoding)} to decode all images' if seconds.decoding else ''}")
    early = "; a callback may end it earlier" if estimate.may_end_early else ""
    limit = "" if estimate.max_seconds is None else f" that fit into {duration_text(estimate.max_seconds)}"
    say(f"total    {duration_text(seconds.total)} for {_epochs(estimate.epochs)}{limit}{early}")
    cache = f", and {size_text(disk.cache)} in the cache" if disk.cache else ""
    say(f"disk     {size_text(disk.run)} for the run{cache}")
    say()
    steps = counted(estimate.measured_steps, "timed step")
    say(f"Dry run: nothing was saved. Estimated from {steps} at the current load.")


def _epochs(number: float) -> str:
    return counted(number, "epoch") if isinstance(number, int) else f"{decimal_text(number)} epochs"


def _epoch(stage: StageSeconds, steps: int) -> str:
    """Duration of an epoch of a stage, and of its parts."""
    parts = [f"{duration_text(stage.training)} for {counted(steps, 'step')}"]
    parts += [f"{duration_text(stage.validation)} validation"] if stage.validation else []
    parts += [f"{duration_text(stage.checkpoints)} for checkpoints within it"] if stage.checkpoints else []
    return f"{duration_text(stage.epoch)}: {', '.join(parts)}"


def _show_overfit(overfit: Overfit) -> None:
    attempt = overfit.attempt
    did = "memorised" if attempt.learned else "did not memorise"
    size = f"its batch of {counted(overfit.images, 'image')} in {counted(attempt.steps, 'step')}"
    say(f"the network {did} {size}: loss {attempt.losses[0]:.2f} → {attempt.losses[-1]:.2f}")
    if not attempt.learned:
        say(f"{attempt.correct} of {overfit.images} classified correctly (learning rate {attempt.learning_rate:g})")
    for reason in overfit.reasons:
        say()
        show_paragraph(reason.finding, 2)
        show_paragraph(reason.advice, 4)


def _dry_run_values(estimate: DryRun) -> dict[str, Any]:
    values = dataclasses.asdict(estimate)
    for stage, row in zip(estimate.seconds.stages, values["seconds"]["stages"], strict=True):
        row |= {"epoch": stage.epoch, "total": stage.total}
    values["seconds"]["total"] = estimate.seconds.total
    return {"epochs": estimate.epochs, **values}


def _overfit_values(overfit: Overfit) -> dict[str, Any]:
    attempt = overfit.attempt
    first, last = (loss if math.isfinite(loss) else None for loss in (attempt.losses[0], attempt.losses[-1]))
    return {
        "learned": attempt.learned,
        "images": overfit.images,
        "right": attempt.correct,
        "steps": attempt.steps,
        "first_loss": first,  # null for infinity and NaN, which JSON cannot express
        "last_loss": last,
        "learning_rate": attempt.learning_rate,
        "seconds": overfit.seconds,
        "reasons": [{"found": reason.finding, "advice": reason.advice} for reason in overfit.reasons],
    }
