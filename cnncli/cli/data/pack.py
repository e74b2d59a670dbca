"""`cnncli data pack`: images into tar shards."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import UserPath


@click.command()
@click.argument("source", metavar="FOLDER|TABLE|CONFIG", type=UserPath())
@click.argument("out", type=UserPath(file_okay=False))
@click.option(
    "--shard-size", type=click.IntRange(1), default=200, show_default=True, metavar="MB", help="Size of a shard in MB."
)
@click.option(
    "--shuffle", is_flag=True, help="Put the images in a random order; for data that do not fit in the cache."
)
def data_pack(source: Path, out: Path, shard_size: int, shuffle: bool) -> None:
    """Pack images into tar shards, in WebDataset's layout.

    OUT gets train-000000.tar, validation-000000.tar and so on, with the files as they are, the number of its class in a
    .cls beside each, classes.json with the names of the classes, and shards.index, with which they are read from a
    bucket at once. The splits are those of the source, or those that
    CONFIG trains with. The command can be interrupted and repeated.

    \b
    Example:
      cnncli data pack photos shards
    """
    from cnncli.cli.terminal.console import file_progress, next_step, notice, say
    from cnncli.runner.pack import pack
    from cnncli.spec import load
    from cnncli.wording import counted, size_text

    is_spec = source.suffix.lower() in (".yaml", ".yml") and not source.is_dir()
    with file_progress("packing") as progress:
        packed = pack(load(source).spec if is_spec else source, out, shard_size * 1_000_000, notice, progress, shuffle)
    number = f"{packed.written:,}" if packed.written else "none"
    new = f", {number} of them new" if packed.written != packed.shards else ""
    images, shards = counted(packed.images, "image"), counted(packed.shards, "shard")
    say(f"{out}: {images} in {shards}, {size_text(packed.size)}{new}")
    next_step("init", out)
