"""The display of a training: a header, a live progress bar, one line for each epoch, and the results."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import AbstractContextManager
from math import ceil
from typing import TYPE_CHECKING, Any, Self

import click

from cnncli.cli.terminal.console import (
    hanging,
    is_terminal,
    notice,
    printable,
    progress_bar,
    say,
    show_report,
    show_table,
    styled,
    terminal_width,
)
from cnncli.cli.terminal.signals import Signals
from cnncli.errors import Interrupted, ResourceError
from cnncli.observer import TrainingObserver
from cnncli.spec.metrics import monitored_metric
from cnncli.wording import counted, decimal_text, dimensions, duration_text, in_shell, percentage, with_interval

if TYPE_CHECKING:
    from cnncli import Folds, Run

MOST_SKIPPED = 8
"""Layers without loaded weights that are listed one by one; more would push the header off a small terminal."""


class TrainingScreen(TrainingObserver):
    """Shows a training, or only its notices. Lines go to stdout; the bar to stderr, when that is a terminal."""

    def __init__(self, quiet: bool, signals: Signals, options: str = "") -> None:
        self.quiet, self._signals, self._options = quiet, signals, options  # of a command that continues
        signals.announce = self._announce
        self._spec: Any = None
        self._columns: list[str] = []
        self._left_out: list[str] = []
        self._epochs, self._until = 0, ""
        self._limit: float | None = None
        self._bar: Any = None
        self._title = ""
        self._in_group = False
        self._to_resume: Any = None

    def __enter__(self) -> Self:
        """Shows that TensorFlow is starting, which takes seconds, until the header appears."""
        if not self.quiet and is_terminal(sys.stderr):
            from rich.console import Console

            self._bar = Console(stderr=True).status("starting TensorFlow")
            self._bar.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Removes the bar, and says how to continue after a signal, or where a disk is full or gone."""
        self.clear()
        if isinstance(error, Interrupted):
            error.options = error.options or self._options
        if isinstance(error, ResourceError) and isinstance(error.__cause__, OSError) and self._to_resume:
            before = f"{error.hint}\n" if error.hint else ""
            error.hint = f"{before}afterwards, to continue: cnncli resume {in_shell(self._to_resume)}{self._options}"

    def _say(self, text: str = "", mark: str = "", bold: bool = False) -> None:
        """A line on stdout, with a green mark at its end, in place of a bar; none with --quiet."""
        self.clear()
        if not self.quiet:
            line = styled(text, bold=True) if bold else printable(text)
            click.echo(line + (styled(mark, fg="green") if mark else ""))

    def on_notice(self, text: str) -> None:
        """A line on stderr."""
        notice(text)

    def on_decoding(self, done: int, images: int) -> None:
        """Moves a bar over the image files that are decoded into the cache."""
        self._move("reading images", done, images, "")

    def on_features(self, done: int, images: int) -> None:
        """Moves a bar over the images that frozen layers are applied to."""
        self._move("frozen layers", done, images, "")

    def on_fold(self, number: int, folds: int) -> None:
        """A heading for the run that comes next."""
        self._columns, self._in_group = [], True
        self._say()
        self._say(f"fold {number} of {folds}" if number else "all images", bold=True)

    def on_start(self, run: Any, spec: Any, splits: Any, model: Any, device: str) -> None:
        """The header: data, model, device, run."""
        self._spec, self._to_resume = spec, run.path.parent if self._in_group else run.path
        self._epochs, self._limit = spec.train.epochs, spec.train.max_seconds
        self._until = "" if self._limit else f"/{self._epochs}"
        counts = ", ".join(f"{len(samples):,} {split}" for split, samples in splits.samples.items())
        size = dimensions(model.input_shape)
        self._say(f"data    {spec.data.source.name}: {counts}; {counted(len(splits.class_names), 'class')}, {size}")
        self._say(f"model   {counted(len(spec.model.nodes), 'layer')}, {model.parameters:,} parameters")
        self._say(f"device  {device}{'' if spec.train.precision == 'float32' else ', ' + spec.train.precision}")
        self._say(f"run     {run.path}")

    def on_weights_loaded(self, weights: Any) -> None:
        """More lines of the header: pretrained layers, and those that are initialised randomly."""
        parameters = sum(layer.parameters for layer in weights.loaded)
        layers = f"{len(weights.loaded)} of {counted(len(weights.layers), 'layer')}"
        self._say(f"weights {weights.source}: {layers}, {parameters:,} parameters")
        for layer in weights.skipped[:MOST_SKIPPED]:
            self._say(f"        {layer.name} initialised randomly: {layer.why}")
        if (more := len(weights.skipped) - MOST_SKIPPED) > 0:
            self._say(f"        and {more} more: weights/loaded.json in the run lists them")

    def on_resume(self, epochs: int, steps: int) -> None:
        """One more line of the header, in a resumed training."""
        self._say(f"resume  after {counted(epochs, 'epoch')}" + (f" and {counted(steps, 'step')}" if steps else ""))

    def on_epochs_fitted(self, epochs: float) -> None:
        """One line: with `max_time`, how many epochs there will be; later only the lines of the epochs show it."""
        until, time = f"/{ceil(epochs)}", duration_text(self._limit or 0)
        if self._until == until:
            return
        if ceil(epochs) == self._epochs:
            text = f"all {counted(self._epochs, 'epoch')} fit into {time}"
        elif epochs < 1:
            text = f"stops after {time}, within the first epoch: {percentage(round(1000 * epochs), 1000, 0)} of it fits"
        else:
            text = f"stops after {time}: {decimal_text(epochs)} epochs fit"
        if not self._until or not self._columns:
            self._say(f"time    {text}")
        self._until = until

    def on_stage_start(self, stage: Any) -> None:
        """One line, between those of the epochs."""
        numbers = ((stage.thawed, "thawed"), (stage.frozen, "frozen"))
        changes = [f"{counted(number, 'layer')} {word}" for number, word in numbers if number]
        rate = f"learning rate {stage.learning_rate:g}{f' ({stage.schedule})' if stage.schedule else ''}"
        trains = f"{stage.trainable:,} of {stage.parameters:,} parameters train"
        self._say(f"stage {stage.number} of {stage.count}: {', '.join([*changes, rate, trains])}")

    def defer_signals(self) -> AbstractContextManager[None]:
        """Inside, Ctrl-C and SIGTERM raise nothing; `stop_requested` reports them."""
        return self._signals.deferred()

    def stop_requested(self) -> int:
        """The exit code of a signal that was received, or 0 to continue."""
        return self._signals.exit_code

    def _announce(self, text: str) -> None:
        """Shows a line at once, above the bar."""
        console = getattr(self._bar, "console", None)
        if console is None:
            notice(text)
        else:
            console.print(text, markup=False, highlight=False)

    def on_step(self, epoch: int, step: int, steps: int, metrics: Any) -> None:
        """Moves the bar, which disappears with the last step."""
        self._move(f"epoch {epoch}{self._until}", step, steps, "steps")

    def _move(self, title: str, done: int, total: int, unit: str) -> None:
        if self.quiet or not is_terminal(sys.stderr):
            return
        if self._title != title:
            self.clear()
            self._title, self._bar = title, progress_bar(title, total, unit)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done)
        if done >= total:
            self.clear()

    def clear(self) -> None:
        """Removes the bar."""
        if self._bar is not None:
            self._bar.stop()
        self._title, self._bar = "", None

    def on_end(self, status: str) -> None:
        """Removes the bar."""
        self.clear()

    def on_epoch_end(self, epoch: Any, best: bool) -> None:
        """One line, with a mark on the best so far; the names of the columns above the first."""
        first = max(len("epoch"), 2 * len(self._until) - 1)
        if not self._columns:
            self._begin_table(list(epoch.metrics), first)
        number = f"{epoch.number}{self._until}".ljust(first)
        values = [f"{epoch.metrics[name]:{_width(name)}.4f}" for name in self._columns]
        self._say("  ".join([number, *values, f"{epoch.seconds:7.1f} s"]), "  best" if best else "")

    def _begin_table(self, names: list[str], first: int) -> None:
        """The names of the columns; in a terminal that is too narrow for all, and once, which ones it does without."""
        room = terminal_width() - first - len(f"{_TIME}  best")
        all_fit = not sys.stdout.isatty() or sum(_width(name) + 2 for name in names) <= room
        self._columns = names if all_fit else _most_telling(names, monitored_metric(self._spec)[0], room)
        left_out = [name for name in names if name not in self._columns]
        if left_out not in ([], self._left_out):
            only = ", ".join(left_out)
            self._say(hanging(f"note    too wide for {terminal_width()} columns, and only in history.csv: {only}", 8))
        self._left_out = left_out
        self._say()
        for heading in _headings(self._columns, first):
            self._say(heading, bold=True)


_TIME = "       time"


def _most_telling(names: list[str], monitored: str, room: int) -> list[str]:
    """The metrics that fit into so many columns: that which chooses the best epoch, losses, validation, training."""
    validation = [name for name in names if name.startswith("val_")]
    twin = monitored.removeprefix("val_") if monitored.startswith("val_") else f"val_{monitored}"
    kept: list[str] = []
    for name in dict.fromkeys([monitored, "val_loss", "loss", twin, *validation, *names]):
        if name in names and (not kept or sum(_width(each) + 2 for each in [*kept, name]) <= room):
            kept.append(name)
    return [name for name in names if name in kept]


def _width(name: str) -> int:
    return max(len(name.removeprefix("val_")), 8)


def _headings(columns: list[str], first: int) -> list[str]:
    """The names of the columns: training and validation, and below them the metrics of each."""
    own = [name for name in columns if not name.startswith("val_")]
    names = "  ".join([f"{'epoch':<{first}}", *(f"{n.removeprefix('val_'):>{_width(n)}}" for n in columns)]) + _TIME
    halves = [("training", own), ("validation", columns[len(own) :])]
    titles = [f"{title:>{sum(_width(name) + 2 for name in half) - 2}}" for title, half in halves if half]
    return [names] if len(own) == len(columns) else ["  ".join([" " * first, *titles]), names]


def show_result(run: Run, quiet: bool) -> None:
    """The report, the best epoch, where the files are, and the next command; only the run folder with --quiet."""
    if quiet:
        say(str(run.path))
        return
    history, result = run.history, run.evaluate()
    say()
    show_report(result.evaluation, result.report)
    best = history.best_epoch()
    assert best is not None  # a training without one does not finish
    say(f"best   epoch {history.best} of {len(history.epochs)}, {history.monitor} {best.metrics[history.monitor]:.4f}")
    evaluation = result.evaluation
    for label, images in Counter(evaluation.labels.tolist()).most_common(1):
        name, share = evaluation.class_names[label], images / len(evaluation.labels)
        if float((evaluation.predicted == evaluation.labels).mean()) <= share:
            say(f"note   no better than always predicting '{name}' ({share:.0%}); train longer, or on more images")
    say()
    say(f"{run.path} contains the weights, the report, the plots and every prediction.")
    say(f"next: cnncli predict IMAGE --run {in_shell(run.path)}")


def show_shared(run: Run | None, quiet: bool) -> int:
    """The result of a training in several processes: in full where the run was written."""
    if run is not None:
        show_result(run, quiet)
    elif not quiet:
        say("the training has ended; rank 0 has its run")
    return 0


def show_folds(folds: Folds, quiet: bool) -> None:
    """The figures of each fold and of all together, where the files are, and the next command."""
    if quiet:
        say(str(folds.path))
        return
    metrics, images = folds.metrics, folds.metrics["images"]
    say()
    rows = []
    for fold in metrics["folds"]:
        ends = fold["intervals"]["accuracy"]
        accuracy = with_interval(fold["accuracy"], ends and (ends[0], ends[1]), fold["images"])
        rows.append((fold["run"], f"{fold['images']:,}", accuracy))
    show_table(("run", "images", "accuracy"), rows, right=("images", "accuracy"))
    say()
    mean = metrics["over_folds"]["accuracy"]
    ends = metrics["intervals"].get("accuracy")
    of_all = with_interval(metrics["accuracy"], ends and (ends[0], ends[1]), images)
    say(f"all images  accuracy {of_all}, {counted(images, 'image')}, each tested once")
    say(f"over folds  accuracy {mean['mean']:.4f} on average, standard deviation {mean['std']:.4f}")
    say(f"            this is the accuracy of {len(metrics['folds'])} models, each on images it has not seen")
    final = folds.final
    if final is not None:
        own = final.spec.data.split.test != "validation"
        on = "the test images of the source" if own else "the validation images, which chose its best epoch"
        accuracy = with_interval(final.metrics["accuracy"], None, final.metrics["images"])
        say(f"final       accuracy {accuracy} on {on}")
    say()
    say(f"{folds.path} contains the runs, and the answer to every image in predictions.csv.")
    if final is not None:
        say(f"next: cnncli predict IMAGE --run {in_shell(final.path)}")
    else:
        say(f"next: cnncli runs --group {in_shell(folds.path)}")
