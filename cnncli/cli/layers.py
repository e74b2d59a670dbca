"""`cnncli layers`: the former name of `cnncli explain`, for one release."""

from __future__ import annotations

import click

from cnncli.cli.options import complete_explained


@click.command(hidden=True)
@click.argument("name", required=False, shell_complete=complete_explained)
@click.pass_context
def layers(context: click.Context, name: str | None) -> None:
    """Former name of `cnncli explain`."""
    from cnncli.cli.explain import explain
    from cnncli.cli.terminal.console import notice

    notice("note: 'cnncli layers' is now 'cnncli explain'; the old name will be removed in the next release")
    context.invoke(explain, name=(name,) if name else (), as_list=False, as_json=False)
