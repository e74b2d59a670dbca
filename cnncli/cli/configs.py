"""`cnncli configs`: the specs that come with cnncli."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncli.cli.options import complete_shipped

if TYPE_CHECKING:
    from cnncli.spec.shipped import Shipped


@click.command()
@click.argument("name", required=False, shell_complete=complete_shipped)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def configs(name: str | None, as_json: bool) -> None:
    """List the shipped specs, or print the one called NAME.

    The accuracy was measured on the test images. `cnncli init --template NAME` writes a copy.

    \b
    Example:
      cnncli configs mnist/deeper
    """
    import json

    from cnncli.cli.terminal.console import say, show_table
    from cnncli.spec.shipped import shipped
    from cnncli.spec.standalone import standalone

    if name is not None:
        if as_json:
            raise click.UsageError("--json applies to the list; leave out NAME")
        one = shipped_spec(name)
        click.echo(standalone(one, one.file.name), nl=False)
        return
    every = shipped()
    if as_json:
        rows = [{"name": one.name, "accuracy": one.accuracy, "description": one.description} for one in every]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    show_table(
        ("name", "accuracy", "what it is"),
        [(one.name, "-" if one.accuracy is None else f"{one.accuracy:.4f}", _description(one)) for one in every],
        right=("accuracy",),
    )
    say()
    say("next: cnncli init --template NAME")


def _description(one: Shipped) -> str:
    """What a spec is; and of few test images how many, because then an accuracy says less."""
    few = f" (accuracy on {one.test_images} test images)" if one.test_images else ""
    return f"{one.description}{few}"


def shipped_spec(name: str) -> Shipped:
    """The shipped spec of this name.

    Raises:
        UsageError: no spec has it; the message suggests the nearest name.
    """
    from cnncli.spec.shipped import shipped
    from cnncli.wording import nearest

    specs = {one.name: one for one in shipped()}
    plain = name.removeprefix("configs/").removesuffix(".yaml")
    if plain not in specs:
        raise click.UsageError(
            f"no shipped spec is called '{name}'{nearest(plain, specs) or '; cnncli configs lists them'}"
        )
    return specs[plain]
