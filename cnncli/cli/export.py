"""`cnncli export`: writes the network of a run for other programs, and checks that it answers the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from cnncli.catalog.export_formats import EXPORT_FORMATS
from cnncli.cli.options import (
    allow_changed_weights_option,
    calibrated_option,
    data_option,
    run_argument,
    runs_dir_option,
    weights_option,
)

if TYPE_CHECKING:
    from cnncli import Exported, Run


_OTHER_NAMES = {
    **dict.fromkeys(("tflite", "lite", "tensorflow_lite"), "litert"),
    **dict.fromkeys(("savedmodel", "tf", "tensorflow", "tfjs"), "saved_model"),
    **dict.fromkeys(("h5", "hdf5"), "keras"),
    **dict.fromkeys(("onnxruntime", "tensorrt"), "onnx"),
}


class _Format(click.Choice[str]):
    """The name of a format; another that it goes by is told what it is called here."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, as click checks it."""
        if here := _OTHER_NAMES.get(value.lower().lstrip(".").replace("-", "_")):
            self.fail(f"no format is called '{value}'; did you mean '{here}'?", param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@run_argument
@runs_dir_option
@click.option("--format", "formats", type=_Format(list(EXPORT_FORMATS)), multiple=True, help="May be repeated.")
@click.option("--int8", is_flag=True, help="Compute in whole numbers of 8 bits: a quarter of the size.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    metavar="POINTS",
    help="Percentage points of accuracy that --int8 may lose.",
)
@click.option("--benchmark", is_flag=True, help="Show how quick and how large every export of the run is.")
@weights_option
@calibrated_option
@data_option
@allow_changed_weights_option
def export(
    run: str,
    runs_dir: Path,
    formats: tuple[str, ...],
    int8: bool,
    tolerance: float,
    benchmark: bool,
    weights: Literal["best", "last"],
    calibrated: bool | None,
    data: Path | None,
    allow_changed_weights: bool,
) -> None:
    """Write the network of a run for other programs.

    RUN is a run folder or its name. Each format gets a folder in RUN/exports: the network, its description, the result
    of the check, and predict.py, which classifies images without cnncli. The check compares the answers to all test
    images; if one differs, the export is removed and the exit code is 7.

    \b
    Example:
      cnncli export mnist-001 --format onnx
      cnncli export mnist-001 --format litert --int8
    """
    from cnncli import open_run
    from cnncli.cli.terminal.console import notice

    if not formats and not benchmark:
        raise click.UsageError(f"say which format: --format {', '.join(EXPORT_FORMATS)}")
    opened = open_run(run, runs_dir)
    if formats:
        opened.export(
            *dict.fromkeys(formats),
            int8=int8,
            tolerance=tolerance / 100,
            weights=weights,
            calibrated=calibrated,
            data=data,
            allow_changed_weights=allow_changed_weights,
            notice=notice,
            done=_show,
        )
    if benchmark:
        _show_benchmark(opened, formats, notice)


def _show(exported: Exported) -> None:
    import shlex

    from cnncli.cli.terminal.console import say
    from cnncli.wording import counted, size_text

    check = exported.check
    images, changed = counted(check["images"], "test image"), check["changed_answers"]
    say(f"{exported.path}   {size_text(exported.size)}")
    if "-int8" in exported.format:
        low, high = (100 * side for side in check["accuracy_gain_interval"])
        say(
            f"  accuracy {check['accuracy']:.4f} on {images}, {100 * check['accuracy_gain']:+.2f} points "
            f"({low:+.2f} to {high:+.2f}) against float32; {counted(changed, 'answer')} changed"
        )
    else:
        largest = check["largest_difference"]
        differ = (
            f"probabilities differ by {largest:.0e} at most, {check['bound']:.0e} is allowed"
            if largest
            else "the same probabilities"
        )
        say(f"  the same answers on {images}; {differ}")
        if ties := check["ties"]:
            say(f"  of {counted(ties, 'image')} two classes are equally probable, and the other one was taken")
        if others := check.get("answers_other_than_in_predictions.csv"):
            say(f"  predictions.csv has {counted(others, 'other answer')}: the run computed with less precision")
    if not_read := check["predict.py"]["not_read"]:
        say(f"  predict.py cannot read {not_read:,} of them")
    say(f"  to classify: python {shlex.quote(str(exported.path / 'predict.py'))} IMAGE")


def _show_benchmark(run: Run, fresh: Sequence[str], notice: Callable[[str], None]) -> None:
    from cnncli.cli.terminal.console import show_table
    from cnncli.wording import counted, size_text

    measured = run.benchmark_exports(trusted=fresh, notice=notice)

    rows = [
        (each.name, size_text(each.size), f"{each.start:.2f} s", *(f"{1000 * value:.2f} ms" for value in each.seconds))
        for each in measured
    ]
    if not measured:
        return
    columns = ("export", "size", "one prediction", *(counted(batch, "image") for batch in measured[0].batches))
    show_table(columns, rows, right=columns[1:])
