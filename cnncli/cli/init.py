"""`cnncli init`: a first spec, generated for a folder or table of images, or copied from the shipped ones."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import UserPath, complete_shipped

if TYPE_CHECKING:
    from cnncli.draft import TrainingTime


@click.command()
@click.argument("data", metavar="[FOLDER|TABLE]", required=False, type=UserPath())
@click.option(
    "--template",
    metavar="NAME",
    shell_complete=complete_shipped,
    help="Copy a shipped spec instead; cnncli configs lists them.",
)
@click.option(
    "-o",
    "--output",
    type=UserPath(allow_dash=True),
    help="The spec to write, - for stdout; by default named after the folder, table or template.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--image-column", metavar="NAME", help="For a table: the column of image files.")
@click.option("--label-column", metavar="NAME", help="For a table: the column of classes.")
@click.option("--split-column", metavar="NAME", help="For a table: the column of train, validation or test.")
@click.option("--root", metavar="FOLDER", help="For a table: the folder of its relative paths; by default its own.")
@click.option(
    "--pretrained/--no-pretrained",
    default=None,
    help="Use a network with weights of ImageNet; by default for few photographs, if its weights are in the cache.",
)
@click.option("--quick", "length", flag_value="quick", help="A third of the usual epochs.")
@click.option("--best", "length", flag_value="best", help="Three times the usual epochs.")
@click.option("--time", "max_time", metavar="TIME", help="Fit the training to a time, such as 10m.")
def init(
    data: Path | None,
    template: str | None,
    output: Path | None,
    force: bool,
    pretrained: bool | None,
    length: str | None,
    max_time: str | None,
    **columns: str | None,
) -> None:
    """Write a spec for a folder or table of images.

    A folder has a folder of images for each class. A table has a row for each image: CSV, JSON lines, Parquet, or the
    export of a labelling tool, such as Label Studio, CVAT, Roboflow or COCO. An archive is unpacked next to itself.
    Size, colour, split, augmentation, network and training are chosen for these images, each with the reason in a
    comment. Only the headers of the images are read; no image is changed. How long the training takes on this machine
    is estimated; --quick, --best or --time choose another length.

    \b
    Example:
      cnncli init photographs -o photographs.yaml
      cnncli init photographs --time 10m
    """
    if (data is None) == (template is None):
        raise click.UsageError("name a folder or table of images, or a shipped spec with --template")
    options = {key: value for key, value in columns.items() if value is not None}
    if length and max_time:
        raise click.UsageError("--quick, --best and --time cannot be combined")
    limit = None if max_time is None else _duration(max_time)
    if template is not None:
        if options or length or max_time or pretrained is not None:
            raise click.UsageError("only -o and --force can be combined with --template")
        _copy(template, output, force)
    elif data is not None:
        _draft(data, options, output, force, pretrained, length, limit)


def _copy(template: str, output: Path | None, force: bool) -> None:
    from cnncli.cli.configs import shipped_spec
    from cnncli.spec.standalone import standalone

    one = shipped_spec(template)
    file = output or Path(one.file.name)
    _require_writable(file, force)
    _deliver(standalone(one, one.file.name if str(file) == "-" else str(file)), file, ("check", "train"))


def _draft(
    data: Path,
    columns: dict[str, str],
    output: Path | None,
    force: bool,
    pretrained: bool | None,
    length: str | None,
    max_time: str | float | None,
) -> None:
    from cnncli.cli.terminal.console import file_progress, notice, say
    from cnncli.wording import counted

    own = f"{_name_of(data)}.yaml"
    file = output or Path(own)
    _require_writable(file, force, data)
    from cnncli.draft import BEST, QUICK, USUAL, Budget, draft_in_time, survey, unpack

    budget = {"quick": QUICK, "best": BEST}.get(str(length), USUAL)
    if max_time is not None:
        budget = Budget(max_time=max_time)
    data = unpack(data, notice)
    with file_progress() as progress:
        images = survey(data, columns, progress)
    draft = draft_in_time(images, own if str(file) == "-" else str(file), budget, pretrained)
    if str(file) != "-":
        say(f"{data}: {counted(len(images.sizes), 'image')} in {counted(len(images.class_names), 'class')}")
    for sentence in (*images.notices, *draft.notes):
        notice(f"note: {sentence}")
    if images.unreadable:
        place = images.arguments["path"]  # a folder may be read by the table in it
        notice(f"note: {_unreadable(images.unreadable)}; for details: cnncli data {shlex.quote(place)}")
    _deliver(draft.text, file, ("check", "preview", "train"), _time_line(draft.time, draft.stops_after, str(file)))


def _duration(text: str) -> str | float:
    """The time of `--time`, as a spec has it."""
    from cnncli.spec.sections.duration import duration, seconds_of

    value = float(text) if text.isdecimal() else text
    if seconds_of(value) is None:
        raise click.UsageError(f"--time expects {duration.description}; got '{text}'")
    return value


def _time_line(time: TrainingTime, stops_after: float | None, file: str) -> str:
    """How long the training takes on this machine, and how to make it shorter."""
    from cnncli.wording import counted, duration_text

    if stops_after is not None:
        fit = f"about {counted(time.epochs, 'epoch')} fit into it if this machine does nothing else"
        return f"time: stops after {duration_text(stops_after)}; {fit}"
    unit = 10 if time.total < 90 else 60 if time.total < 5400 else 1800
    line = f"time: about {duration_text(max(1, round(time.total / unit)) * unit)} if this machine does nothing else"
    if time.total < 90:
        return line
    shorter = shlex.join(["cnncli", "train", file, "--max-time", f"{max(1, round(time.total / 180))}m"])
    return f"{line}; to stop earlier: {shorter}"


_NAMED = 3
"""How many of many files a line names."""


def _unreadable(files: Mapping[str, str]) -> str:
    """How many files of which suffix cannot be read, with the first of them and the reason of each."""
    from cnncli.wording import by_suffix, counted

    first = [f"{name} {reason.partition(';')[0]}" for name, reason in list(files.items())[:_NAMED]]
    if len(files) == 1:
        return f"1 file cannot be read and is excluded: {first[0]}"
    more = f"; and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    named = "; ".join(first)
    return f"{counted(len(files), 'file')} ({by_suffix(files)}) cannot be read and are excluded: {named}{more}"


def _name_of(data: Path) -> str:
    """The name of the spec: that of the folder or table, reduced to the characters that the name of a run may have."""
    from cnncli.draft import archive_name
    from cnncli.spec import is_name

    own = Path(os.path.abspath(data))  # noqa: PTH100  a name for `.`, and that of a link as it is
    stem = (archive_name(own) or own.stem) if own.is_file() else own.name
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:100]
    return name if is_name(name) else "images"


def _require_writable(file: Path, force: bool, data: Path | None = None) -> None:
    """Refuses to overwrite a file or to write among the images, before these are surveyed."""
    from cnncli.errors import ResourceError

    if str(file) == "-":
        return
    if file.suffix.lower() not in (".yaml", ".yml"):
        raise click.UsageError(f"the name of a spec must end in .yaml: '{file}'")
    if data and data.is_dir() and data.resolve() in file.resolve().parents:
        raise ResourceError(f"'{file}' would be inside the data", f"name a file in another folder: -o ../{file.name}")
    if file.is_dir() or (file.exists() and not force):
        raise ResourceError(f"'{file}' already exists", "choose another name with -o, or overwrite it with --force")
    if not file.parent.is_dir():
        raise ResourceError(f"the folder '{file.parent}' does not exist", "create it first")


def _deliver(text: str, file: Path, next_commands: tuple[str, ...], note: str = "") -> None:
    from cnncli.cli.terminal.console import say
    from cnncli.runs import write_text

    if str(file) == "-":
        click.echo(text, nl=False)
        return
    write_text(file, text)
    say(f"wrote {file}")
    if note:
        say(note)
    for number, command in enumerate(next_commands):
        say(f"{'     ' if number else 'next:'} cnncli {command} {shlex.quote(str(file))}")
