"""What a person sees while a model trains: a header, a live bar, one line for each epoch, and the end."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any, Self

import click

from cnncli.cli.console import is_terminal, notice, say, show_report, styled
from cnncli.cli.signals import Signals
from cnncli.wording import counted, dimensions

MOST_SKIPPED = 8
"""Layers without loaded weights that are told one by one."""


class TrainingScreen:
    """Shows how a training goes. Lines go to stdout; the bar to stderr, when that is a terminal.

    Args:
        quiet: show nothing but what needs an answer.
        signals: tell when somebody wants the training to stop.
    """

    def __init__(self, quiet: bool, signals: Signals) -> None:
        self.quiet, self._signals = quiet, signals
        signals.answer = self._answer
        self._columns: list[str] = []
        self._epochs = 0
        self._bar: Any = None
        self._title = ""

    def __enter__(self) -> Self:
        """Says that TensorFlow is being loaded, which takes seconds; gone when the header comes."""
        if not self.quiet and is_terminal(sys.stderr):
            from rich.console import Console

            self._bar = Console(stderr=True).status("starting TensorFlow")
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.clear()

    def notice(self, text: str) -> None:
        """A line on stderr."""
        notice(text)

    def decoding(self, done: int, images: int) -> None:
        """Moves a bar over the image files that are read for the first time."""
        self._move("reading images", done, images, "")

    def begin(self, run: Any, spec: Any, splits: Any, model: Any, device: str) -> None:
        """The header: data, model, device, run."""
        self._epochs = spec.train.epochs
        self.clear()
        if self.quiet:
            return
        counts = ", ".join(f"{len(samples):,} {split}" for split, samples in splits.samples.items())
        size = dimensions(model.input_shape)
        say(f"data    {spec.data.source.name}: {counts}; {counted(len(splits.class_names), 'class')}, {size}")
        say(f"model   {counted(len(spec.model.nodes), 'layer')}, {model.parameters:,} parameters")
        say(f"device  {device}{'' if spec.train.precision == 'float32' else ', ' + spec.train.precision}")
        say(f"run     {run.path}")
        sys.stdout.flush()

    def loaded(self, weights: Any) -> None:
        """More lines of the header: what the model begins with, and which of its layers begin anew."""
        if self.quiet:
            return
        parameters = sum(layer.parameters for layer in weights.loaded)
        layers = f"{len(weights.loaded)} of {counted(len(weights.layers), 'layer')}"
        say(f"weights {weights.source}: {layers}, {parameters:,} parameters")
        for layer in weights.skipped[:MOST_SKIPPED]:
            say(f"        {layer.name} begins anew: {layer.why}")
        if len(weights.skipped) > MOST_SKIPPED:
            say(f"        and {len(weights.skipped) - MOST_SKIPPED} more: weights/loaded.json in the run lists them")
        sys.stdout.flush()

    def going_on(self, epochs: int, steps: int) -> None:
        """One more line of the header, of a training that goes on."""
        if not self.quiet:
            done = counted(epochs, "epoch") + (f" and {counted(steps, 'step')}" if steps else "")
            say(f"after   {done} that are done")

    def stage(self, begun: Any) -> None:
        """One line, between those of the epochs."""
        self.clear()
        if self.quiet:
            return
        changes = [
            f"{counted(number, 'layer')} {word}"
            for number, word in ((begun.thawed, "thawed"), (begun.frozen, "frozen"))
            if number
        ]
        rate = f"learning rate {begun.learning_rate:g}{f' ({begun.schedule})' if begun.schedule else ''}"
        trains = f"{begun.trainable:,} of {begun.parameters:,} parameters train"
        say(f"stage {begun.number} of {begun.count}: {', '.join([*changes, rate, trains])}")
        sys.stdout.flush()

    def waiting(self) -> AbstractContextManager[None]:
        """Inside, Ctrl-C and SIGTERM raise nothing; `stop_asked` tells of them."""
        return self._signals.waiting()

    def stop_requested(self) -> int:
        """The exit code that a signal asks for, or 0 when the training is to go on."""
        return self._signals.asked

    def _answer(self, text: str) -> None:
        """A line at once, above the bar, whatever else goes on."""
        console = getattr(self._bar, "console", None)
        if console is None:
            notice(text)
        else:
            console.print(text, markup=False, highlight=False)

    def steps(self, epoch: int, done: int, steps: int) -> None:
        """Moves the bar; it vanishes with the last step."""
        self._move(f"epoch {epoch}/{self._epochs}", done, steps, "steps")

    def _move(self, title: str, done: int, total: int, unit: str) -> None:
        if self.quiet or not is_terminal(sys.stderr):
            return
        if self._title != title:
            self.clear()
            self._title, self._bar = title, _bar(title, total, unit)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done)
        if done >= total:
            self.clear()

    def clear(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._title, self._bar = "", None

    @property
    def _first(self) -> int:
        """Width of the first column."""
        return max(len("epoch"), len(f"{self._epochs}/{self._epochs}"))

    def epoch(self, epoch: Any, best: bool) -> None:
        """One line, with a mark on the best so far; above the first, what the columns are."""
        self.clear()
        if self.quiet:
            return
        if not self._columns:
            self._columns = list(epoch.metrics)
            say()
            for heading in _headings(self._columns, self._first):
                click.echo(styled(heading, bold=True))
        number = f"{epoch.number}/{self._epochs}".ljust(self._first)
        values = [f"{epoch.metrics[name]:{_width(name)}.4f}" for name in self._columns]
        mark = styled("  best", fg="green") if best else ""
        click.echo("  ".join([number, *values, f"{epoch.seconds:7.1f} s"]) + mark)


def _width(name: str) -> int:
    return max(len(name.removeprefix("val_")), 8)


def _headings(columns: list[str], first: int) -> list[str]:
    """Two lines: training and validation, and below them the metrics of each."""
    own = [name for name in columns if not name.startswith("val_")]
    names = "  ".join([f"{'epoch':<{first}}", *(f"{n.removeprefix('val_'):>{_width(n)}}" for n in columns)])
    if len(own) == len(columns):
        return [f"{names}       time"]
    span = sum(_width(name) + 2 for name in own) - 2
    return [f"{'':<{first}}  {'training':>{span}}  {'validation':>{span}}", f"{names}       time"]


def _bar(title: str, total: int, unit: str) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn(title),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=total)
    return bar


def show_ended(trained: Any, quiet: bool) -> None:
    """The report, where everything is, and which command comes next; the run folder alone when nothing else is asked.

    Args:
        trained: what the training ended with.
        quiet: of the command.
    """
    if quiet:
        say(str(trained.run.path))
        return
    history, run = trained.history, trained.run
    say()
    show_report(trained.evaluation, trained.report)
    best = history.best_epoch()
    say(f"best   epoch {history.best} of {len(history.epochs)}, {history.monitor} {best.metrics[history.monitor]:.4f}")
    share = _largest_class(trained.evaluation)
    if share and float((trained.evaluation.predicted == trained.evaluation.labels).mean()) <= share[1]:
        say(f"note   this is no better than always saying '{share[0]}' ({share[1]:.0%}); train longer, or on more")
    say()
    say(f"{run.path} holds the weights, the report, the plots and every prediction.")
    say(f"next: cnncli predict IMAGE --run {run.path}")


def _largest_class(evaluation: Any) -> tuple[str, float] | None:
    """The class that most images are of, and its share of them."""
    labels = evaluation.labels.tolist()
    if not labels:
        return None
    label = max(set(labels), key=labels.count)
    return evaluation.class_names[label], labels.count(label) / len(labels)
