"""`cnncli explain`: what a layer, an argument, a key of the spec or a word of the field means."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", nargs=-1)
@click.option("--list", "as_list", is_flag=True, help="List every name by kind; so does leaving out NAME.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(name: tuple[str, ...], as_list: bool, as_json: bool) -> None:
    """Explain what NAME is and when to change it.

    NAME is a layer, an optimizer or anything else that a spec may name, an argument (kernel_size, Conv2D.strides), a
    key of the spec (train.batch_size), or a word of the field (overfitting, receptive field).

    \b
    Example:
      cnncli explain Conv2D
    """
    import json

    from cnncli.cli.console import printable
    from cnncli.cli.explain_json import answer_as_json, list_as_json
    from cnncli.cli.explain_text import show_answer, show_list
    from cnncli.explain.search import NotFound, find

    if as_list and name:
        raise click.UsageError("--list shows every name; leave out NAME")
    if not name:
        click.echo(json.dumps(list_as_json(), indent=2)) if as_json else show_list()
        return
    try:
        answer = find(" ".join(name))
    except NotFound as error:
        raise click.UsageError(printable(str(error))) from error
    click.echo(json.dumps(answer_as_json(answer), indent=2)) if as_json else show_answer(answer)
