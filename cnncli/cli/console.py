"""Everything that is printed."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from cnncli.errors import Problem, path_text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text without characters that would move the cursor, change colours or reorder what is shown."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def show_problems(problems: Sequence[Problem], source: str, kind: str = "problem") -> None:
    """Lists problems on stderr, one line each: place, path, what is wrong."""
    plural = "" if len(problems) == 1 else "s"
    click.echo(printable(f"{source}: {len(problems)} {kind}{plural}"), err=True)
    rows = []
    for problem in problems:
        place = problem.place
        where = f"{place.line}:{place.column}" if place else ""
        if place and place.file != source:
            where = f"{place.file}:{where}" if not place.file.startswith("--set") else place.file
        code = f" [{problem.code}]" if problem.code else ""
        rows.append((where, path_text(problem.path), problem.message + code))
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    for where, path, message in rows:
        click.echo(printable(f"  {where:<{widths[0]}}  {path:<{widths[1]}}  {message}"), err=True)


class TrainingScreen:
    """Shows how a training goes: a header, and one line for each epoch."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def notice(self, text: str) -> None:
        """A line on stderr."""
        click.echo(printable(text), err=True)

    def begin(self, run: Any, spec: Any, splits: Any, model: Any, device: str) -> None:
        """The header: data, model, device."""
        if self.quiet:
            return
        counts = ", ".join(f"{len(samples):,} {split}" for split, samples in splits.samples.items())
        click.echo(f"data    {spec.data.source}: {counts}; {len(splits.class_names)} classes")
        click.echo(f"model   {model.parameters:,} parameters in {len(model.rows)} layers")
        click.echo(f"device  {device}")
        click.echo(f"run     {run.path}")

    def steps(self, epoch: int, done: int, steps: int) -> None:
        """A counter on stderr, when that is a terminal."""
        if not self.quiet and sys.stderr.isatty():
            end = "\r" if done < steps else "\r\x1b[K"
            click.echo(f"  epoch {epoch}: {done}/{steps}{end}", nl=False, err=True)

    def epoch(self, epoch: Any, best: bool) -> None:
        """One line, with a mark on the best so far."""
        if self.quiet:
            return
        shown = "  ".join(f"{name} {value:.4f}" for name, value in epoch.metrics.items())
        click.echo(f"epoch {epoch.number:>3}  {shown}  {epoch.seconds:.1f} s{'  * best' if best else ''}")


def show_report(evaluation: Any, report: Any) -> None:
    """The classification report of a split, with loss and accuracy."""
    click.echo(printable(report.text))
    shown = ", ".join(f"{name} {value:.4f}" for name, value in evaluation.metrics.items())
    click.echo(f"{evaluation.split}: {shown}")


def show_trained(trained: Any) -> None:
    """The report, where everything is, and which command comes next."""
    click.echo()
    show_report(trained.evaluation, trained.report)
    click.echo(f"best epoch {trained.history.best} by {trained.history.monitor}; everything is in {trained.run.path}")
    click.echo(f"next: cnncli evaluate {trained.run.path}")
