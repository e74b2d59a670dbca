"""What `cnncli train` shows of a rehearsal: what a training takes, and whether its network can learn."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from cnncli.cli.console import say, show_paragraph
from cnncli.cli.screen import TrainingScreen
from cnncli.wording import counted, size_text

if TYPE_CHECKING:
    from cnncli.runner.preflight.overfit import Overfit
    from cnncli.runner.preflight.records import DryRun, StageSeconds
    from cnncli.spec import Spec


class PreflightScreen(TrainingScreen):
    """Says on stderr, when that is a terminal, that something is being tried."""

    def __enter__(self) -> Self:
        super().__enter__()
        if self._bar is not None:
            self._bar.update("trying the training; this takes half a minute, or more with stages")
        return self

    def on_step(self, epoch: int, step: int, steps: int, metrics: Any) -> None:
        """Moves a bar over the steps on one batch."""
        self._move("one batch", step, steps, "steps")


def run_dry(spec: Spec, runs_dir: Path, screen: TrainingScreen, began: float, as_json: bool) -> int:
    """Rehearses a training and shows what it takes; gives the exit code."""
    from cnncli.runner.preflight.dryrun import dry_run

    found = dry_run(spec, runs_dir, screen, began)
    screen.clear()
    if as_json:
        click.echo(json.dumps(_dry_run_values(found), indent=2))
    elif not screen.quiet:
        show_dry_run(found)
    return 0


def run_overfit(spec: Spec, runs_dir: Path, screen: TrainingScreen, as_json: bool) -> int:
    """Trains a network on one batch and shows whether it memorises it; returns the exit code."""
    from cnncli.errors import TrainingError
    from cnncli.runner.preflight.overfit import overfit_batch

    overfit = overfit_batch(spec, runs_dir, screen)
    screen.clear()
    if as_json:
        click.echo(json.dumps(_overfit_values(overfit), indent=2))
    elif not screen.quiet or not overfit.attempt.learned:
        _show_overfit(overfit)
    return 0 if overfit.attempt.learned else TrainingError.exit_code


def show_dry_run(found: DryRun) -> None:
    """What a training takes, as lines of text."""
    seconds, disk, took = found.seconds, found.disk, found.memory
    counts = ", ".join(f"{images:,} {split}" for split, images in found.images.items())
    say(f"images   {counts}: of each a batch was read")
    say(f"step     {counted(found.batch_size, 'image')}, forward and backward: loss {found.first_loss:.4f}")
    say(f"weights  saved and loaded: the same outputs for {counted(found.compared, 'image')}, to the last bit")
    say()
    of = f" ({size_text(took.free)} free)" if took.free is not None else ""
    peak = f"{size_text(took.peak)} peak{of}" if took.peak is not None else "not available on this system"
    say(f"memory   {peak}")
    for number, stage in enumerate(seconds.stages, start=1):
        heading, epochs = f"stage {number}", f"; {counted(stage.epochs, 'epoch')}"
        if len(seconds.stages) == 1:
            heading, epochs = "epoch", ""
        say(f"{heading:<8} {_epoch(stage, found.steps)}{epochs}")
    start = seconds.before + sum(stage.before for stage in seconds.stages)
    once = f"{duration(start)} to start, build and trace, {duration(seconds.after)} for test and reports"
    say(f"once     {once}" + (f", {duration(seconds.decoding)} to decode all images" if seconds.decoding else ""))
    early = "; a callback may end it earlier" if found.may_end_early else ""
    say(f"in all   {duration(seconds.total)} for {counted(found.epochs, 'epoch')}{early}")
    cache = f", and {size_text(disk.cache)} for decoded images in the cache" if disk.cache else ""
    say(f"disk     {size_text(disk.run)} for the run{cache}")
    say()
    say(f"No run was made. Times are those of {counted(found.measured_steps, 'step')}, as busy as the machine is now.")


def _epoch(stage: StageSeconds, steps: int) -> str:
    """An epoch of a stage, and what it is made of."""
    parts = [f"{duration(stage.training)} for {counted(steps, 'step')}"]
    parts += [f"{duration(stage.validation)} validation"] if stage.validation else []
    parts += [f"{duration(stage.checkpoints)} for checkpoints within it"] if stage.checkpoints else []
    return f"{duration(stage.epoch)}: {', '.join(parts)}"


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


def duration(seconds: float) -> str:
    """Seconds as people say them: `8.2 s`, `4 min 5 s`, `2 h 10 min`."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _dry_run_values(found: DryRun) -> dict[str, Any]:
    seconds, disk = found.seconds, found.disk
    return {
        "images": dict(found.images),
        "epochs": found.epochs,
        "steps_per_epoch": found.steps,
        "batch_size": found.batch_size,
        "first_loss": found.first_loss,
        "measured_steps": found.measured_steps,
        "seconds": {
            "decoding": seconds.decoding,
            "before": seconds.before,
            "stages": [
                {**dataclasses.asdict(stage), "epoch": stage.epoch, "total": stage.total} for stage in seconds.stages
            ],
            "after": seconds.after,
            "total": seconds.total,
        },
        "memory": {"peak": found.memory.peak, "free": found.memory.free},
        "disk": {"run": disk.run, "run_free": disk.run_free, "cache": disk.cache, "cache_free": disk.cache_free},
    }


def _overfit_values(overfit: Overfit) -> dict[str, Any]:
    attempt = overfit.attempt
    return {
        "learned": attempt.learned,
        "images": overfit.images,
        "right": attempt.correct,
        "steps": attempt.steps,
        "first_loss": _finite(attempt.losses[0]),
        "last_loss": _finite(attempt.losses[-1]),
        "learning_rate": attempt.learning_rate,
        "seconds": overfit.seconds,
        "reasons": [{"found": reason.finding, "advice": reason.advice} for reason in overfit.reasons],
    }


def _finite(value: float) -> float | None:
    """The number, or None for infinity and NaN, which JSON cannot express."""
    return value if math.isfinite(value) else None
