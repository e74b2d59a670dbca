"""What `cnncli train` shows of `--find-lr` and `--find-batch`."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.cli.terminal.console import print_json, say, show_paragraph
from cnncli.cli.terminal.screen import TrainingScreen
from cnncli.errors import path_text
from cnncli.wording import counted, duration_text

if TYPE_CHECKING:
    from cnncli.runner.preflight.batch_sizes import BatchSizes
    from cnncli.runner.preflight.range_test import RangeTest
    from cnncli.spec import Spec


def run_find_lr(spec: Spec, runs_dir: Path, screen: TrainingScreen, as_json: bool) -> int:
    """Tries learning rates and draws the losses; returns the exit code."""
    from cnncli.errors import TrainingError
    from cnncli.report.plots.range_test import draw_range_test
    from cnncli.runner.preflight.range_test import find_learning_rate
    from cnncli.runs import writing

    test, picture = find_learning_rate(spec, runs_dir, screen), Path(f"{spec.name}-learning-rate.png")
    with writing(picture) as aside:
        draw_range_test(test.rates, test.losses, test.smoothed, test.suggested, aside)
    screen.clear()
    if as_json:
        print_json(_range_test_values(test) | {"picture": str(picture)})
    elif not screen.quiet or test.suggested is None:
        _show_range_test(test, picture)
    return 0 if test.suggested is not None else TrainingError.exit_code


def run_find_batch(spec: Spec, runs_dir: Path, screen: TrainingScreen, as_json: bool) -> int:
    """Measures the speed of a training with batches of each size; returns the exit code."""
    from cnncli.runner.preflight.batch_sizes import find_batch_size

    sizes = find_batch_size(spec, runs_dir, screen)
    screen.clear()
    if as_json:
        print_json({**dataclasses.asdict(sizes), "suggested": sizes.suggested})
    elif not screen.quiet:
        _show_batch_sizes(sizes)
    return 0


def _show_range_test(test: RangeTest, picture: Path) -> None:
    tried = f"{counted(len(test.rates), 'learning rate')} from {test.rates[0]:g} to {test.rates[-1]:.2g}"
    say(f"tried   {tried}, in {duration_text(test.seconds)}")
    if test.suggested is None:
        show_paragraph(
            "The loss never fell. Test if the network can learn at all: --overfit-batch. If it can, the batches may be "
            "too small, or too few classes of them alike, to see it in so few steps.",
            0,
        )
    else:
        lowest = min(range(len(test.smoothed)), key=lambda at: _or_infinite(test.smoothed[at]))
        say(
            f"loss    {test.losses[0]:.4f} at first, lowest near {test.rates[lowest]:.2g} ({test.smoothed[lowest]:.4f})"
        )
        say(f"rate    {test.suggested:g}, a tenth of that (the spec has {test.before:g})")
        say(f"key     {path_text(test.key)}: {test.suggested:g}")
    say(f"picture {picture}")


def _or_infinite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _range_test_values(test: RangeTest) -> dict[str, Any]:
    values = dataclasses.asdict(test) | {"key": path_text(test.key)}
    for name in ("losses", "smoothed"):  # null for infinity and NaN, which JSON cannot express
        values[name] = [value if math.isfinite(value) else None for value in values[name]]
    return values


def _show_batch_sizes(sizes: BatchSizes) -> None:
    say("batch size   images/s   one step")
    for speed in sizes.speeds:
        own = "  (of the spec)" * (speed.batch_size == sizes.batch_size)
        step = f"{1000 * speed.seconds_per_step:,.1f} ms"
        say(f"{speed.batch_size:>10} {speed.images_per_second:>10,.0f} {step:>10}{own}")
    if sizes.too_large:
        say(f"{sizes.too_large:>10} does not fit into memory")
    say()
    say(f"train.batch_size: {sizes.suggested} is the smallest that is as quick as any, within 5 %")
    if sizes.suggested > sizes.batch_size:
        say("A larger batch makes fewer steps in an epoch: find its learning rate with")
        say(f"--set train.batch_size={sizes.suggested} --find-lr")
