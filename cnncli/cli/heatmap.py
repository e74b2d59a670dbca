"""`cnncli heatmap`: draws where in an image the evidence for its class was."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cnncli.cli.hints import run_instead
from cnncli.cli.options import (
    UserPath,
    allow_changed_weights_option,
    require_png,
    run_option,
    runs_dir_option,
    weights_option,
)

if TYPE_CHECKING:
    from cnncli import HeatMap, UnreadableImage

SUFFIX = "-heatmap"


@click.command()
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@run_option
@runs_dir_option
@weights_option
@click.option("--class", "class_name", metavar="NAME", help="Show the evidence for this class; default: the predicted.")
@click.option(
    "--method",
    type=click.Choice(["layercam", "gradcam", "occlusion"]),
    default="layercam",
    show_default=True,
    help="occlusion covers one part of the image after another: slower, and for any network.",
)
@click.option("--invert", is_flag=True, help="Invert brightness before classifying.")
@click.option(
    "-o",
    "--output",
    "--out",
    type=UserPath(),
    help="PNG file to write, or the folder for several; IMAGE-heatmap.png in this folder by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@allow_changed_weights_option
def heatmap(
    images: tuple[str, ...],
    named: str | None,
    runs_dir: Path,
    weights: Literal["best", "last"],
    class_name: str | None,
    method: Literal["layercam", "gradcam", "occlusion"],
    invert: bool,
    output: Path | None,
    as_json: bool,
    allow_changed_weights: bool,
) -> int:
    """Draw where in images the evidence was.

    For each IMAGE a PNG shows the image and, beside it, where the evidence for the predicted class was. It does not say
    why. As a check, the hottest tenth of the image is covered and classified again.

    \b
    Example:
      cnncli heatmap photo.jpg --run flowers-001
      cnncli heatmap photo.jpg --class tulip -o tulip.png
    """
    from cnncli import open_run
    from cnncli.cli.terminal.console import notice
    from cnncli.errors import DataError

    is_file = output is not None and output.suffix.lower() == ".png"
    if output is not None and is_file:
        require_png(output)
    elif output is not None and output.exists() and not output.is_dir():
        raise click.UsageError(f"'{output}' is a file; expected a folder, or a file that ends in .png")
    run = open_run(named, runs_dir)
    _require_class(run.class_names, class_name)
    contents = list(_contents(images))
    if not contents:
        raise DataError(f"there are no images in {', '.join(images)}", run_instead(images, runs_dir))
    if is_file and len(contents) > 1:
        raise click.UsageError(f"there are {len(contents):,} images: name a folder with -o, not one file")
    if not as_json and named is None:
        notice(f"using {run.path}")
    how: dict[str, Any] = {"weights": weights, "invert": invert, "allow_changed_weights": allow_changed_weights}
    maps = (
        heat
        for content in contents
        for heat in run.heatmaps([content], class_name, method=method, notice=notice, keep_unreadable=True, **how)
    )
    drawn = _drawn(maps, output if is_file else None, output or Path())
    (_print_json if as_json else _print_table)(drawn)
    failed = any(path is None for _, path in drawn)
    if failed and (hint := run_instead(images, runs_dir)):
        notice(hint)
    return DataError.exit_code if failed else 0


def _drawn(
    maps: Iterable[HeatMap | UnreadableImage], file: Path | None, folder: Path
) -> list[tuple[HeatMap | UnreadableImage, Path | None]]:
    """The maps with the files that they were drawn into: `file`, or one in `folder` for each."""
    from cnncli.api.heatmap import save_heat_map
    from cnncli.cli.terminal.console import notice
    from cnncli.records import UnreadableImage

    drawn: list[tuple[HeatMap | UnreadableImage, Path | None]] = []
    for heat in maps:
        if isinstance(heat, UnreadableImage):
            notice(f"error: {heat.reason}")
            drawn.append((heat, None))
            continue
        path = file or _free(folder, heat.prediction.image, [path for _, path in drawn])
        save_heat_map(heat, path)
        drawn.append((heat, path))
    return drawn


def _contents(images: Sequence[str]) -> Iterator[Any]:
    """The images, one after another: folders stand for the images in them."""
    from cnncli.runner.predict import named_images

    for image in images:
        if image == "-":
            yield sys.stdin.buffer
        else:
            yield from (each.content for each in named_images([image]))


def _require_class(class_names: Sequence[str], name: str | None) -> None:
    from cnncli.runner.heatmap import require_class

    if name is not None:
        try:
            require_class(tuple(class_names), name)
        except ValueError as error:
            raise click.UsageError(str(error)) from None


def _free(folder: Path, image: str, taken: Sequence[Path | None]) -> Path:
    """Where the map of an image goes: a name that no other image of this command has."""
    stem = "image" if image == "-" else Path(image).stem
    path, number = folder / f"{stem}{SUFFIX}.png", 1
    while path in taken:
        number += 1
        path = folder / f"{stem}{SUFFIX}-{number}.png"
    return path


def _print_table(drawn: Sequence[tuple[HeatMap | UnreadableImage, Path | None]]) -> None:
    from cnncli.cli.terminal.console import notice, say, show_table
    from cnncli.records import HeatMap

    heats = [(heat, path) for heat, path in drawn if isinstance(heat, HeatMap)]
    rows = [
        (
            heat.prediction.image,
            heat.class_name,
            f"{heat.probability:.4f}",
            f"{heat.covered.hottest:.4f}",
            f"{heat.covered.elsewhere:.4f}",
            str(path),
        )
        for heat, path in heats
    ]
    if not rows:
        return
    columns = ("image", "class", "probability", "hottest covered", "elsewhere", "heat map")
    show_table(columns, rows, right=columns[2:5], shortened=("image", "heat map", "class"))
    coarse = min((heat.cells for heat, _ in heats), key=lambda cells: cells[0] * cells[1])
    say(f"made of {coarse[0]}×{coarse[1]} cells or more: where the evidence was, not why")
    for heat, _ in heats:
        if note := _doubt(heat):
            notice(f"note: {heat.prediction.image}: {note}")


def _doubt(heat: HeatMap) -> str:
    return heat.covered.doubt(heat.class_name, heat.has_evidence)


def _print_json(drawn: Sequence[tuple[HeatMap | UnreadableImage, Path | None]]) -> None:
    from cnncli.cli.terminal.console import print_json
    from cnncli.records import HeatMap

    listed: list[dict[str, Any]] = []
    for heat, path in drawn:
        if not isinstance(heat, HeatMap):
            listed.append({"image": heat.image, "error": heat.reason})
            continue
        listed.append(
            {
                "image": heat.prediction.image,
                "heatmap": str(path),
                "class": heat.class_name,
                "probability": heat.probability,
                "predicted": heat.prediction.class_name,
                "method": heat.method,
                "cells": list(heat.cells),
                "hottest_covered": heat.covered.hottest,
                "elsewhere_covered": heat.covered.elsewhere,
                "note": _doubt(heat) or heat.prediction.note,
            }
        )
    print_json(listed)
