"""`cnncli data`: the data doctor."""

from __future__ import annotations

import contextlib
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnncli.cli.options import UserPath, runs_dir_option
from cnncli.cli.terminal.console import notice, one_line, print_json, say, show_table, styled, terminal_width
from cnncli.errors import DataError, ResourceError
from cnncli.wording import counted

if TYPE_CHECKING:
    from cnncli.spec import Spec

SHOWN = 5
"""How many files a finding shows; --json has them all."""

MOST_LABELS = 100

_COLORS = {"error": "red", "warning": "yellow", "note": "cyan"}


@dataclass(frozen=True)
class Options:
    """What the command line gives to `cnncli data`."""

    subject: Path | None
    quick: bool
    as_json: bool
    list_file: Path | None
    split_file: Path | None
    labels_of: str | None
    most: int | None
    runs_dir: Path

    @property
    def to_screen(self) -> bool:
        """Whether the list is printed."""
        return str(self.list_file) == "-"


@click.command()
@click.argument("subject", metavar="FOLDER|TABLE|CONFIG", type=UserPath(), required=False)
@click.option("--quick", is_flag=True, help="Read headers only; pixels and duplicates are not checked.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option(
    "--list",
    "list_file",
    metavar="FILE",
    type=UserPath(allow_dash=True),
    help="Write the files to exclude as part of a spec; - prints it.",
)
@click.option(
    "--write-split",
    "split_file",
    metavar="FILE",
    type=UserPath(),
    help="Write which image of CONFIG is in which split, for data.split.file, and check nothing.",
)
@click.option(
    "--labels",
    "labels_of",
    metavar="RUN",
    help="Rank the labels of a training with --folds, or of a run, and write a page to correct them.",
)
@click.option(
    "--most", type=click.IntRange(1, 1000), metavar="N", help="With --labels: how many labels to show.  [default: 100]"
)
@runs_dir_option
def data(**given: Any) -> int:
    """Check images before training on them.

    Checks a folder of class folders, a CSV table or the source of a spec for broken files, duplicates, the same image
    under two labels, rare classes, odd sizes and colours, and more. Files are only read. Exit code 3 means that
    training would fail or give misleading results.

    \b
    Example:
      cnncli data photos --list exclude.yaml
      cnncli data photos.yaml --write-split split.csv
      cnncli data --labels photos-folds-001
    """
    from cnncli.spec import load

    options = Options(**given)
    if options.labels_of is not None:
        return _rank_labels(options, options.labels_of)
    if options.most is not None:
        raise click.UsageError("--most requires --labels")
    if options.subject is None:
        raise click.UsageError("Missing argument 'FOLDER|TABLE|CONFIG'.")
    if options.as_json and options.to_screen:
        raise click.UsageError("--json and --list - cannot be combined")
    is_spec = options.subject.suffix.lower() in (".yaml", ".yml") and not options.subject.is_dir()
    spec = load(options.subject).spec if is_spec else None
    if options.split_file:
        if spec is None or options.quick or options.as_json or options.list_file:
            raise click.UsageError("--write-split requires a spec and no other option")
        return _write_split(spec, options.split_file)
    return _check(options, options.subject, spec)


def _rank_labels(options: Options, run: str) -> int:
    """Shows which labels are doubtful."""
    file = options.list_file
    if options.subject or options.quick or options.split_file or options.to_screen:
        raise click.UsageError("--labels takes --most, --list FILE, --json and --runs-dir, and no images")
    from cnncli.cli.data.labels import show_labels

    if file:
        _refuse_to_overwrite(file, None, _heading_of(file))
    return show_labels(run, options.runs_dir, options.most or MOST_LABELS, options.as_json, file)


def _check(options: Options, subject: Path, spec: Spec | None) -> int:
    """Checks the images of a folder, a table or a spec; returns the exit code."""
    from cnncli import check_data
    from cnncli.cli.terminal.console import file_progress
    from cnncli.report.findings import HEADING, exclude_list, findings_json

    file = None if options.to_screen else options.list_file
    before: list[str] = []
    if file:
        place = spec.data.source.arguments.get("path") if spec else subject
        _refuse_to_overwrite(file, Path(place) if place else None, HEADING)
        before = _excluded_by(file)
    before += spec.data.exclude if spec else []
    with file_progress() as progress:
        report = check_data(spec or subject, quick=options.quick, progress=progress, notice=notice)
    if options.to_screen:
        click.echo(exclude_list(report, before), nl=False)
    elif options.as_json:
        print_json(findings_json(report))
    else:
        _show(report, str(subject), file)
    if file:
        from cnncli.runs import write_text

        write_text(file, exclude_list(report, before))
        line = f"extends: {one_line(file.name)}"
        notice(f"wrote {file}; to use it, add '{line}' to your spec, in place of any data.exclude")
    return DataError.exit_code if report.is_wrong else 0


def _heading_of(file: Path) -> str:
    """How a file of doubtful labels begins."""
    if file.suffix.lower() == ".csv":
        from cnncli.runner.inputs.corrections import COLUMNS

        return ",".join(COLUMNS)
    from cnncli.report.findings import HEADING

    return HEADING


def _write_split(spec: Spec, file: Path) -> int:
    """Writes the division of a spec."""
    from cnncli.runner.inputs.division_file import COLUMNS, write_division
    from cnncli.runner.inputs.splits import load_splits

    source = spec.data.source
    place = source.arguments.get("path")
    _refuse_to_overwrite(file, Path(place) if place else None, ",".join(COLUMNS))
    splits = load_splits(spec.data, spec.seed, notice=notice)
    write_division(file, splits.samples, splits.source_split, source.has_files)
    counts = ", ".join(f"{split} {len(samples):,}" for split, samples in splits.samples.items())
    notice(f"wrote {file}: {counts}; to train on them: --set data.split.file={file}")
    return 0


def _refuse_to_overwrite(file: Path, place: Path | None, heading: str) -> None:
    """Writes neither among the images nor over anything but a file that begins like the one to be written."""
    if place and place.is_dir() and place.resolve() in file.resolve().parents:
        raise ResourceError(f"'{file}' would be inside the data", "choose a file in another folder")
    is_alike = False
    if file.is_file():
        with contextlib.suppress(OSError), file.open("rb") as stream:
            is_alike = stream.read(len(heading)) == heading.encode()
    if file.exists() and not is_alike:
        raise ResourceError(f"'{file}' exists and was not written by this option", "choose another file")


def _excluded_by(file: Path) -> list[str]:
    """The files that an earlier list excludes, with those that a person has added."""
    from cnncli.spec.reader import read

    if not file.exists():
        return []
    content = read(file.read_text(encoding="utf-8"), str(file)).value
    data = content.get("data") if isinstance(content, dict) else None
    names = data.get("exclude") if isinstance(data, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


def _show(report: Any, subject: str, list_file: Path | None) -> None:
    images = f"{counted(report.images, 'image')} in {counted(len(report.class_names), 'class')}"
    say(f"{one_line(report.source)}: {images}")
    say()
    _show_counts(report)
    if report.sizes:
        smallest, median, largest = (f"{height}×{width}" for width, height in report.sizes)
        say()
        if report.formats:
            say(f"formats  {', '.join(f'{kind} {count:,}' for kind, count in report.formats.items())}")
        several = "" if smallest == largest else f" to {largest}, median {median}"
        say(f"sizes    {smallest}{several} (height×width)")
    say()
    for finding in report.findings:
        _show_finding(finding)
    severities = [finding.severity for finding in report.findings]
    counts = [counted(severities.count(name), name) for name in _COLORS if name in severities]
    verdict = "training would fail or give misleading results" if report.is_wrong else "ready for training"
    say(f"{', '.join(counts) or 'no findings'}: {verdict}")
    if list_file is None and report.formats and any(finding.exclude for finding in report.findings):  # arrays have none
        say(f"to list the files to exclude: cnncli data {one_line(shlex.quote(subject))} --list exclude.yaml")
    if not report.decoded:
        click.echo(styled("only headers were read; without --quick, every image is decoded and compared", dim=True))


def _show_counts(report: Any) -> None:
    splits = list(report.counts)
    columns = ["class", *splits, "total"] if len(splits) > 1 else ["class", "images"]
    counts = {label: [report.counts[split].get(label, 0) for split in splits] for label in report.class_names}
    totals = ("total", [sum(report.counts[split].values()) for split in splits])
    rows = [
        [label, *(f"{number:,}" for number in numbers), f"{sum(numbers):,}"][: len(columns)]
        for label, numbers in [*counts.items(), totals]
    ]
    show_table(columns, rows, right=columns[1:], last=True)


def _show_finding(finding: Any) -> None:
    width = max(map(len, _COLORS)) + 2
    head = _wrapped(f"{finding.message} [{finding.code}]", width)
    # Colour after the lines are made: escapes have a length and no width
    severity = styled(finding.severity, fg=_COLORS[finding.severity], bold=True)
    click.echo(severity + head[len(finding.severity) :])
    if finding.advice:
        say(_wrapped(finding.advice, width))
    for one in finding.affected[:SHOWN]:
        more = f" and {len(one.names) - SHOWN:,} more" if len(one.names) > SHOWN else ""
        say(_wrapped(f"{', '.join(one.names[:SHOWN])}{more} {one.detail}".strip(), width + 2))
    if len(finding.affected) > SHOWN:
        say(" " * (width + 2) + f"and {len(finding.affected) - SHOWN:,} more")
    say()


def _wrapped(text: str, indent: int) -> str:
    """Lines of 80 columns at most; a file name is never broken."""
    blank = " " * indent
    return textwrap.fill(
        one_line(text),
        min(terminal_width(), 80),
        initial_indent=blank,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )
