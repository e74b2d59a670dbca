"""Arguments that several commands share, so that the same flag means the same everywhere."""

from __future__ import annotations

from pathlib import Path

import click

config_argument = click.argument("config", type=click.Path(path_type=Path))
set_option = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Set a key of the spec; may be repeated."
)
runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    envvar="CNNCLI_RUNS_DIR",
    help="The folder that runs live in.",
)
