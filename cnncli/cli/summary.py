"""`cnncli summary`: a model layer by layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cnncli.cli.options import runs_dir_option, set_option


@click.command()
@click.argument("subject", metavar="CONFIG|RUN")
@set_option
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def summary(subject: str, overrides: tuple[str, ...], runs_dir: Path, as_json: bool) -> None:
    """Show the layers of a model: shapes, parameters, MACs.

    Of a spec or of a run. No images are needed where the spec says their size and classes.
    MACs are multiplications with an addition for one image.

    \b
    Example:
      cnncli summary configs/mnist.yaml
    """
    from cnncli.errors import RunError, SpecError
    from cnncli.runs import find_run
    from cnncli.spec import load

    path = Path(subject)
    run = None if path.is_file() or path.suffix in (".yaml", ".yml") else find_run(subject, runs_dir)
    if run and not run.spec.is_file():
        raise RunError(f"'{run.path}' is no complete run: spec.yaml is missing")
    loaded = load(run.spec if run else path, overrides)
    from cnncli.runner.prepare import summary_of

    try:
        model = summary_of(loaded.spec, run)
    except SpecError as error:
        raise loaded.locate(error) from error
    if as_json:
        _print_json(model)
    else:
        _show(model)


def _show(model: Any) -> None:
    from cnncli.cli.console import counted, memory, say, show_table

    total = model.parameters
    rows = [
        (
            row.name,
            row.kind,
            _shape(row.output_shape),
            f"{row.parameters:,}",
            f"{row.parameters / total:.1%}" if row.parameters else "",
            f"{row.macs:,}" if row.macs else "",
        )
        for row in model.rows
    ]
    rows.append(("total", "", "", f"{total:,}", "", f"{model.macs:,}"))
    right = ("output", "parameters", "share", "MACs")
    show_table(("layer", "kind", "output", "parameters", "share", "MACs"), rows, right, last=True)
    say()
    say(f"input      {_shape(model.input_shape)}")
    say(f"trainable  {model.trainable:,} of {counted(total, 'parameter')}, {total - model.trainable:,} not")
    say(f"weights    {memory(model.weight_bytes)}")


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _print_json(model: Any) -> None:
    import dataclasses
    import json

    totals = {"parameters": model.parameters, "trainable": model.trainable, "macs": model.macs}
    click.echo(json.dumps({**dataclasses.asdict(model), **totals}, indent=2))
