"""`cnncli explain`: what a layer, an argument, a key of the spec or a word of the field means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cnncli.cli.options import complete_explained

if TYPE_CHECKING:
    from cnncli.explain.search import Answer


@click.command()
@click.argument("name", nargs=-1, shell_complete=complete_explained)
@click.option("--list", "as_list", is_flag=True, help="List every name by kind, as without NAME.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(name: tuple[str, ...], as_list: bool, as_json: bool) -> None:
    """Explain what NAME is and when to change it.

    NAME is a layer, an optimizer or anything else that a spec may name, an argument (kernel_size, Conv2D.strides), a
    key of the spec (train.batch_size), or a word of the field (overfitting, receptive field).

    \b
    Example:
      cnncli explain Conv2D
    """
    from cnncli.cli.terminal.console import print_json, printable
    from cnncli.cli.terminal.explain_text import show_answer, show_list
    from cnncli.explain.search import NotFound, find

    if as_list and name:
        raise click.UsageError("--list shows every name; leave out NAME")
    if not name:
        print_json(_list_as_json()) if as_json else show_list()
        return
    try:
        answer = find(" ".join(name))
    except NotFound as error:
        raise click.UsageError(printable(str(error))) from error
    print_json(_answer_as_json(answer)) if as_json else show_answer(answer)


def _list_as_json() -> dict[str, Any]:
    """Every family with its names, and whose text explains each."""
    from cnncli.explain.topics import families, names, topic

    return {
        family: [{"name": name, "source": topic(family, name).source} for name in names(family)]
        for family in families()
    }


def _answer_as_json(answer: Answer) -> dict[str, Any]:
    """The topics, the meanings of an argument, and the names of a family."""
    from dataclasses import asdict

    from cnncli.explain.topics import first_sentence, names

    topics = [asdict(topic) for topic in answer.topics]
    for topic in topics:
        topic["arguments"] = [each for each in topic["arguments"] if answer.argument in ("", each["name"])]
    values: dict[str, Any] = {"topics": topics}
    if answer.meanings:
        values["meanings"] = [
            {"family": meaning.family, "owners": list(meaning.owners), **asdict(meaning.argument)}
            for meaning in answer.meanings
        ]
    if answer.family:
        values["family"] = answer.family
        values["names"] = [{"name": name, "is": first_sentence(answer.family, name)} for name in names(answer.family)]
    return values | ({"others": list(answer.others)} if answer.others else {})
