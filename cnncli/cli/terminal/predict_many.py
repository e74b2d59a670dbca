"""`cnncli predict --out` and `--merge`: predictions for any number of images, in a file."""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cnncli.wording import counted, duration_text

if TYPE_CHECKING:
    from cnncli import Run, WrittenPredictions
    from cnncli.cli.terminal.signals import Signals

UNREADABLE = 3
"""Exit code when all is written, and some images cannot be read: that of a DataError, as with few images."""


class Shard(click.ParamType):
    """`3/16`: the third of 16 parts of the images."""

    name = "K/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """The number of the shard, from 1, and how many there are."""
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", str(value))
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            self.fail(f"expected the number of a shard and how many there are, such as 3/16; got {value!r}", param, ctx)
        return int(match[1]), int(match[2])


def write(run: Run, out: Path, images: tuple[str, ...], **options: Any) -> int:
    """Writes the predictions of a run into a file, with a bar, and says what is in it."""
    from cnncli.cli.terminal.console import notice
    from cnncli.cli.terminal.signals import Signals

    began = time.monotonic()
    try:
        with Signals() as signals, _bar(signals) as progress:
            inputs = [sys.stdin.buffer if image == "-" else image for image in images]
            written = run.predict_to(out, inputs, prepare=True, progress=progress, notice=notice, **options)
    except KeyboardInterrupt:
        if out.with_name(f"{out.name}.parts").exists():
            command = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
            notice(f"what is done is kept; to continue: {shlex.join(['cnncli', *command, '--resume'])}")
        raise
    return _show(written, time.monotonic() - began)


def merge(shards: tuple[str, ...], out: Path | None, overwrite: bool) -> int:
    """Joins the files of all shards."""
    from cnncli import merge_predictions

    context = click.get_current_context()
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in ("images", "merging", "out", "overwrite")
        and context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"--merge joins answers that are there; it takes no {', '.join(given)}")
    if out is None:
        raise click.UsageError("--merge needs the name of the file to write: --out ALL.csv")
    return _show(merge_predictions(shards, out, overwrite=overwrite), None)


@contextlib.contextmanager
def _bar(signals: Signals) -> Iterator[Callable[[int, int], None] | None]:
    """Gives a function of the number of images done and of all; None where no terminal shows a bar."""
    from cnncli.cli.terminal.console import is_terminal, progress_bar

    if not is_terminal(sys.stderr):
        yield None
        return
    start: tuple[int, float] | None = None

    def move(done: int, total: int) -> None:
        nonlocal start
        start = start or (done, time.monotonic())
        speed = (done - start[0]) / max(time.monotonic() - start[1], 1e-9)
        bar.update(bar.task_ids[0], completed=done, total=total, description=f"{speed:,.0f} images/s")

    with progress_bar("classifying", None, "images  {task.description}") as bar:
        signals.announce = lambda text: bar.console.print(text, markup=False, highlight=False)
        yield move


def _show(written: WrittenPredictions, seconds: float | None) -> int:
    """Says what is in a file; the exit code."""
    from cnncli.cli.terminal.console import notice, say

    new = written.images - written.done_before
    time_taken = "" if seconds is None or not new else f" in {duration_text(seconds)}, {new / seconds:,.0f} images/s"
    before = f"; {written.done_before:,} were done before" if written.done_before else ""
    say(f"{written.path}: {counted(written.answers, 'prediction')}{time_taken}{before}")
    for note, (images, first) in written.notes.items():
        notice(f"note: {first}{f' and {images - 1:,} more' if images > 1 else ''}: {note}")
    if written.unreadable:
        notice(f"error: {counted(written.unreadable, 'image')} cannot be read; see {written.unreadable_list}")
    return UNREADABLE if written.unreadable else 0
