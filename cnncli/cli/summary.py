"""`cnncli summary`: a model layer by layer, as a table, JSON, a flowchart or a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cnncli.cli.options import UserPath, require_png, runs_dir_option, set_option
from cnncli.wording import dimensions, size_text

if TYPE_CHECKING:
    from cnncli.records import LayerRow, ModelSummary
    from cnncli.spec import LoadedSpec


@click.command()
@click.argument("subject", metavar="CONFIG|RUN")
@set_option
@runs_dir_option
@click.option("--wide", is_flag=True, help="Show every column, even if the terminal is too narrow.")
@click.option("--expand", is_flag=True, help="List the layers inside backbones.")
@click.option("--plot", type=UserPath(), metavar="PNG", help="Draw the network into this file as well.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "mermaid"]),
    default="table",
    help="Print a table, JSON, or a Mermaid flowchart, which GitHub renders.",
)
def summary(
    subject: str,
    overrides: tuple[str, ...],
    runs_dir: Path,
    wide: bool,
    expand: bool,
    plot: Path | None,
    as_json: bool,
    output_format: str,
) -> None:
    """Show the layers of a model, their shapes and their cost.

    Takes a spec or a run. No images are needed if the spec sets their size and classes.

    \b
    line         line of the layer in the YAML file
    MACs         multiply-adds for one image
    field        receptive field: side of the square of pixels that one output
                 value depends on; 'image' is all of it
    activations  activation memory: what training keeps of the layer, per image
                 of a batch, until the gradient is computed

    \b
    Example:
      cnncli summary configs/mnist.yaml --plot mnist.png
    """
    from cnncli import open_run, summary as summarize
    from cnncli.machine import expanded
    from cnncli.spec import load

    if plot:
        require_png(plot)
    path = expanded(subject)
    run = None if path.is_file() or path.suffix in (".yaml", ".yml") else open_run(subject, runs_dir)
    loaded = run.loaded_spec.with_overrides(overrides) if run else load(path, overrides)
    with loaded.locating():
        model = summarize(loaded.spec, run)
    if as_json or output_format == "json":
        _print_json(model, loaded)
    elif output_format == "mermaid":
        from cnncli.report.mermaid import mermaid_of

        click.echo(mermaid_of(model), nl=False)
    else:
        _show_layers(model, loaded, wide, expand)
        _show_totals(model, loaded.spec.train.optimizer.name)
    if plot:
        _draw(model, loaded.spec.name, plot)


def _draw(model: ModelSummary, title: str, path: Path) -> None:
    from cnncli.cli.terminal.console import notice
    from cnncli.errors import ResourceError
    from cnncli.report.plots.network import draw_network

    try:
        draw_network(model, path, title)
    except OSError as error:
        raise ResourceError(f"'{path}' cannot be written: {error.strerror or error}") from None
    notice(f"network drawn in {path}")


class _Column(NamedTuple):
    """A column of the table, with the text for a layer and that in the last line."""

    heading: str
    cell: Callable[[LayerRow], str]
    total: str = ""
    right: bool = True


_DETAILS = {"kind", "arguments", "share", "FLOPs", "output memory"}
"""Columns that are shown only where there is room for all."""


def _columns(model: ModelSummary, loaded: LoadedSpec) -> list[_Column]:
    stored = size_text(sum(row.kept_bytes for row in model.rows))
    return [
        _Column("line", lambda row: _line(row, loaded)),
        _Column("layer", lambda row: row.name, "total", False),
        _Column("kind", lambda row: row.kind, "", False),
        _Column("arguments", lambda row: row.details, "", False),
        _Column("output", lambda row: dimensions(row.output_shape)),
        _Column("parameters", lambda row: f"{row.parameters:,}", f"{model.parameters:,}"),
        _Column("share", lambda row: f"{row.parameters / model.parameters:.1%}" if row.parameters else ""),
        _Column("MACs", lambda row: "?" if row.macs is None else _scaled(row.macs), _scaled(model.macs)),
        _Column("FLOPs", lambda row: _scaled(row.flops), _scaled(model.flops)),
        _Column("field", _field),
        _Column("output memory", lambda row: size_text(row.activation_bytes)),
        _Column("activations", lambda row: size_text(row.kept_bytes) if row.kept_bytes else "", stored),
    ]


def _show_layers(model: ModelSummary, loaded: LoadedSpec, wide: bool, expand: bool) -> None:
    """The table: with every column where there is room, else with those that matter most."""
    from cnncli.cli.terminal.console import is_terminal, show_table, terminal_width

    rows = list(_listed(model.rows, expand))
    columns = _columns(model, loaded)
    if not wide and (not is_terminal() or _width(columns, rows) > terminal_width()):
        columns = _narrowed(columns, rows, terminal_width())
    cells = [tuple(column.cell(row) for column in columns) for row in rows]
    cells.append(tuple(column.total for column in columns))
    right = [column.heading for column in columns if column.right]
    show_table([column.heading for column in columns], cells, right, last=True)


def _narrowed(columns: list[_Column], rows: list[LayerRow], room: int) -> list[_Column]:
    """The columns that fit, without the least important ones: names of layers in blocks can be long."""
    plain = columns[1]
    shown = [column for column in columns if column.heading not in _DETAILS]
    shown[1] = plain._replace(cell=_name)
    for heading in ("activations", "layer", "field", "line"):
        if _width(shown, rows) <= room:
            break
        if heading == "layer":
            shown[1] = plain
        else:
            shown = [column for column in shown if column.heading != heading]
    return shown


def _width(columns: list[_Column], rows: list[LayerRow]) -> int:
    widths = [max(map(len, (column.heading, column.total, *map(column.cell, rows)))) for column in columns]
    return sum(widths) + 2 * (len(columns) - 1)


def _listed(rows: tuple[LayerRow, ...], expand: bool) -> Iterator[LayerRow]:
    from dataclasses import replace

    for row in rows:
        yield row
        for inner in row.inside if expand else ():
            yield replace(inner, name=f"  {inner.name}")


def _show_totals(model: ModelSummary, optimizer: str) -> None:
    from cnncli.cli.terminal.console import say

    fixed = model.parameters - model.trainable - model.frozen
    parts = ["all trained" if model.trainable == model.parameters else f"{model.trainable:,} trained"]
    parts += [f"{model.frozen:,} frozen"] if model.frozen else []
    parts += [f"{fixed:,} statistics of normalisation"] if fixed else []
    say()
    say(f"input       {dimensions(model.input_shape)}")
    say(f"parameters  {model.parameters:,}: {', '.join(parts)}")
    say(f"one image   {_scaled(model.macs)} multiply-adds (MACs), {_scaled(model.flops)} FLOPs")
    if model.uncounted:
        named = ", ".join(f"{row.name} ({row.kind})" for row in model.uncounted)
        say(f"            without {named}: their operations are unknown")
    say(f"weights     {size_text(model.weight_bytes)}")
    if use := model.training:
        say(f"training    about {size_text(use.total)} at batch size {use.batch_size}, plus TensorFlow itself:")
        say(f"            {size_text(use.activations)} activations, {size_text(use.working)} working memory,")
        say(
            f"            {size_text(use.gradients)} gradients, {size_text(use.optimizer)} {optimizer}, and the weights"
        )


def _name(row: LayerRow) -> str:
    """The layer's name, and its kind if the name does not contain it."""
    contained = row.kind.lower() in row.name.lower().replace("_", "")
    return row.name if contained else f"{row.name} ({row.kind})"


def _line(row: LayerRow, loaded: LoadedSpec) -> str:
    place = _place(row, loaded)
    if place is None:
        return ""
    if place.file.startswith("--set"):
        return "--set"
    return str(place.line) if place.file == loaded.document.file else f"{Path(place.file).name}:{place.line}"


def _place(row: LayerRow, loaded: LoadedSpec) -> Any:
    """The place of the layer in the YAML; None for what cnncli adds."""
    from cnncli.errors import Problem

    return loaded.document.locate(Problem(row.path, "")).place if row.path else None


def _field(row: LayerRow) -> str:
    field = row.receptive_field
    if field is None or field == "image":
        return field or "?"
    return str(field[0]) if len(set(field)) == 1 else dimensions(field)


def _scaled(count: int) -> str:
    """`1.76 M`: three digits are enough to compare; --json has all of them."""
    for power, letter in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if count >= 0.9995 * 10**power:
            return f"{float(f'{count / 10**power:.3g}'):g} {letter}"
    return str(count) if count else ""


def _print_json(model: ModelSummary, loaded: LoadedSpec) -> None:
    import dataclasses

    from cnncli.cli.terminal.console import print_json

    shown = dataclasses.asdict(model)
    for row, layer in zip(model.rows, shown["rows"], strict=True):
        place = _place(row, loaded)
        layer |= {"file": place.file, "line": place.line} if place else {"file": None, "line": None}
    if model.training:
        shown["training"]["total"] = model.training.total
    for total in ("parameters", "trainable", "frozen", "macs", "flops"):
        shown[total] = getattr(model, total)
    print_json(shown)
