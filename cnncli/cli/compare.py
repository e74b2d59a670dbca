"""`cnncli compare`: which of several runs is better, and whether that is more than luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import UserPath, complete_runs, runs_dir_option
from cnncli.wording import counted, p_text

if TYPE_CHECKING:
    from cnncli.records.comparison import Comparison, Pair

_MOST_KEYS, _MOST_CLASSES, _MOST_IMAGES = 12, 6, 10


@click.command()
@click.argument("runs", nargs=-1, required=True, shell_complete=complete_runs)
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with every image that changed sides.")
@click.option(
    "--html",
    "page",
    type=UserPath(dir_okay=False),
    is_flag=False,
    flag_value="comparison.html",
    metavar="[FILE]",
    help="Write a page, with the images that changed sides; comparison.html by default.",
)
@click.option(
    "--fail-under-best",
    is_flag=True,
    help="Exit with 7 if the first run is worse than the best one, beyond chance.",
)
def compare(runs: tuple[str, ...], runs_dir: Path, as_json: bool, page: Path | None, fail_under_best: bool) -> None:
    """Compare runs on their test images.

    RUNS are two or more run folders or their names. Nothing is measured again: each run is judged by its
    predictions.csv.

    \b
    Example:
      cnncli compare mnist-001 mnist-002
      cnncli compare mnist-001 mnist-002 --html
      cnncli compare new-001 old-003 --fail-under-best
    """
    import cnncli
    from cnncli.cli.terminal.console import notice, print_json
    from cnncli.errors import ThresholdMissed

    if page is not None and page.suffix.lower() != ".html":
        raise click.UsageError(f"'{page}' after --html does not end in .html; name the runs before it")
    if len(runs) < 2:
        raise click.UsageError("a comparison needs two runs or more")
    opened = [cnncli.open_run(run, runs_dir) for run in runs]
    if twice := next(
        (run.path for at, run in enumerate(opened) if run.path in [each.path for each in opened[:at]]), None
    ):
        raise click.UsageError(f"{twice} is named twice")
    comparison = cnncli.compare(opened)
    if as_json:
        print_json(comparison.plain())
    else:
        _show(comparison)
    if page is not None:
        from cnncli.runner.comparison_page import write_comparison_page

        write_comparison_page(opened, comparison, page, notice)
        notice(f"{page} has the images that changed sides")
    first = comparison.runs[0]
    for pair in comparison.pairs if fail_under_best else ():
        if pair.first == first.run and _is_worse(pair):
            raise ThresholdMissed(f"{first.run} is worse than {pair.second}, by {_points(pair.difference)} points")


def _is_worse(pair: Pair) -> bool:
    """Whether the first of a pair is worse than the best run by more than luck."""
    if pair.holm_p is not None:
        return pair.difference > 0 and pair.holm_p < 0.05
    return pair.interval is not None and pair.interval[0] > 0


def _show(comparison: Comparison) -> None:
    from cnncli.cli.terminal.console import say, show_table
    from cnncli.wording import with_interval

    rows = [
        (
            run.run,
            with_interval(run.accuracy, run.interval, run.images),
            f"{run.images:,}",
            str(run.seed),
            str(run.spec),
            "best" if run.run == comparison.best else "",
        )
        for run in comparison.runs
    ]
    columns = ("run", "accuracy", "images", "seed", "spec", "")
    show_table(columns, rows, right=columns[1:5])
    say()
    spec_of = {run.run: run.spec for run in comparison.runs}
    for pair in comparison.pairs:
        for line in _pair_lines(pair, len(comparison.pairs) > 1, spec_of[pair.first] == spec_of[pair.second]):
            say(line)
    for repeat in comparison.repeats:
        say(
            f"spec {repeat.spec}: {len(repeat.runs)} seeds, accuracy {repeat.mean:.4f} ± {repeat.deviation:.4f} "
            f"({repeat.least:.4f} to {repeat.most:.4f})"
        )
    for specs in comparison.specs:
        say(
            f"spec {specs.second} against spec {specs.first}, over seeds: {_points(specs.difference)} points "
            f"({_points(specs.interval[0])} to {_points(specs.interval[1])}), p {p_text(specs.holm_p)}: "
            f"{_verdict(specs.holm_p)}"
        )
    if comparison.flattery is not None and len(comparison.runs) > 2:
        say(
            f"the best of {len(comparison.runs)} equally good runs would seem {_points(comparison.flattery)} points "
            "better than it is"
        )
    for title, values in (("specs", comparison.spec), ("versions and machines", comparison.versions)):
        for line in _difference_lines(title, values):
            say(line)
    for sentence in comparison.data:
        say(f"data: {sentence}")
    for note in comparison.notes:
        say(f"note: {note}")


def _pair_lines(pair: Pair, several: bool, is_repeat: bool) -> Iterator[str]:
    between = "" if pair.interval is None else f" ({_points(pair.interval[0])} to {_points(pair.interval[1])})"
    yield f"{pair.second} against {pair.first}: {_points(pair.difference)} points{between}"
    if pair.p is None or pair.holm_p is None:
        return
    p = f"p {p_text(pair.p)}"
    p += f", exact {p_text(pair.exact_p)}" if pair.exact_p is not None else ""
    p += f", adjusted for the number of comparisons {p_text(pair.holm_p)}" if several else ""
    sides = (
        f"right on {counted(pair.gained, 'image')} where the other is wrong, wrong on {pair.lost:,} where it is right"
    )
    yield f"  {sides}"
    of_seed = ", but both have one spec: it is the luck of the seed" if is_repeat and pair.holm_p < 0.05 else ""
    yield f"  {p}: {_verdict(pair.holm_p)}{of_seed}"
    for change in pair.classes[:_MOST_CLASSES]:
        sure = f", p {p_text(change.p)}" if change.p < 0.05 else ""
        yield (
            f"  {change.class_name}: {_signed(change.gained - change.lost)} of {counted(change.images, 'image')}"
            f" ({change.gained:,} gained, {change.lost:,} lost{sure})"
        )
    if len(pair.classes) > _MOST_CLASSES:
        yield f"  and {len(pair.classes) - _MOST_CLASSES:,} more classes"
    if several:
        return
    for image in pair.changed[:_MOST_IMAGES]:
        yield f"  {image.image} is {image.true}; {pair.second}: {image.second}, {pair.first}: {image.first}"
    if len(pair.changed) > _MOST_IMAGES:
        yield f"  and {len(pair.changed) - _MOST_IMAGES:,} more images that changed sides: --json lists all"


def _difference_lines(title: str, values: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    if values:
        yield f"differences of {title}:"
    for key in list(values)[:_MOST_KEYS]:
        yield f"  {key}: {' | '.join(value or '–' for value in values[key])}"
    if len(values) > _MOST_KEYS:
        yield f"  and {len(values) - _MOST_KEYS:,} more: --json lists all"


def _points(difference: float) -> str:
    return _signed(100 * difference, ".2f")


def _signed(number: float, form: str = ",") -> str:
    return f"{number:+{form}}".replace("-", "−")


def _verdict(p: float) -> str:
    return "more than luck" if p < 0.05 else "no difference beyond luck"
