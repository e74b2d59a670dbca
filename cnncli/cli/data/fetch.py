"""`cnncli data fetch`: copies images from a bucket or web server to a folder."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import UserPath


@click.command()
@click.argument("address")
@click.argument("folder", type=UserPath(file_okay=False))
def data_fetch(address: str, folder: Path) -> None:
    """Copy images from a bucket or a web server to a folder.

    ADDRESS is s3://bucket/photos, gs://bucket/photos, or one file on a web server, https://…/photos.zip. Files that are
    in FOLDER already are not copied again, so the command can be interrupted and repeated.

    \b
    Example:
      cnncli data fetch s3://bucket/photos photos
    """
    from cnncli.cli.terminal.console import file_progress, next_step, notice, say
    from cnncli.runner.fetch import fetch
    from cnncli.wording import counted, size_text

    with file_progress("fetching") as progress:
        fetched = fetch(address, folder, notice, progress)
    copied = "none of them new" if not fetched.copied else f"{fetched.copied:,} of them new"
    say(f"{folder}: {counted(fetched.files, 'file')}, {size_text(fetched.size)}, {copied}")
    next_step("init", folder)
