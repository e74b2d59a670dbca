"""`cnncli preview`: images beside their augmented versions."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import UserPath, config_argument, require_png, set_option


@click.command()
@config_argument
@set_option
@click.option("-o", "--output", type=UserPath(), help="PNG file to write; NAME-preview.png by default.")
def preview(config: Path, overrides: tuple[str, ...], output: Path | None) -> None:
    """Draw images beside their augmented versions.

    Draws one training image of each class and the versions that the first epochs train on.

    \b
    Example:
      cnncli preview configs/cifar10_augmented.yaml -o preview.png
    """
    from cnncli import preview as draw
    from cnncli.cli.terminal.console import next_step, notice, say
    from cnncli.spec import load

    loaded = load(config, overrides)
    path = output or Path(f"{loaded.spec.name}-preview.png")
    require_png(path)
    with loaded.locating():
        draw(loaded.spec, path, notice=notice)
    say(str(path))
    next_step("train", config, *(part for override in overrides for part in ("--set", override)))
