"""`cnncli explain`: what a layer, an optimizer, an argument or a key of the spec does, and when to change it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnncli.cli.options import set_option

if TYPE_CHECKING:
    from cnncli.explain.search import Found
    from cnncli.explain.topics import Topic
    from cnncli.spec import LoadedSpec


@click.command()
@click.argument("name", required=False)
@click.option("--config", type=click.Path(path_type=Path), help="A spec of yours to take the examples from.")
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(name: str | None, config: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Explain what NAME does and when to change it.

    NAME is a layer, an optimizer, a loss, anything else that a spec may name, one argument (Conv2D.strides), or a
    key of the spec (train.batch_size). Without it, everything that can be explained is listed.

    \b
    Example:
      cnncli explain Conv2D --config configs/mnist.yaml
    """
    from cnncli.cli.console import printable
    from cnncli.cli.explain_json import as_plain, list_as_plain
    from cnncli.explain.search import NotFound, find

    if name is None:
        _print_json(list_as_plain()) if as_json else _list_all()
        return
    try:
        found = find(name)
    except NotFound as error:
        raise click.UsageError(printable(str(error))) from error
    loaded = _load(config, overrides)
    if as_json:
        _print_json(as_plain(found, loaded))
    else:
        _show(found, loaded)


def _load(config: Path | None, overrides: tuple[str, ...]) -> LoadedSpec | None:
    from cnncli.spec import load

    if overrides and not config:
        raise click.UsageError("--set changes a key of a spec; name the spec with --config")
    return load(config, overrides) if config else None


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def _list_all() -> None:
    from cnncli.catalog.packages import own_names
    from cnncli.cli.console import say, show_paragraph, styled
    from cnncli.explain.topics import WORD, families, is_ours, names

    for family in families():
        ours = [name for name in names(family) if is_ours(family, name)]
        own = own_names() if family == "layer" else ()
        others = [name for name in names(family) if name not in (*ours, *own)]
        if family == "key":
            ours, others = [*names(family)], []
        click.echo(styled(_plural(WORD[family]), bold=True))
        show_paragraph(", ".join(ours), indent=2)
        if others:
            show_paragraph(f"in Keras' own words: {', '.join(others)}", indent=2)
        if own:
            show_paragraph(f"of installed packages: {', '.join(own)}", indent=2)
        say()
    show_paragraph("cnncli explain NAME, for example: Conv2D, Conv2D.strides, train.batch_size, losses", indent=0)


def _plural(word: str) -> str:
    return word.replace("key of", "keys of") if "key of" in word else f"{word}{'es' if word.endswith('s') else 's'}"


def _show(found: Found, loaded: LoadedSpec | None) -> None:
    from cnncli.cli.console import say

    for number, topic in enumerate(found.topics):
        if number:
            say()
        if found.argument:
            _show_argument(topic, found.argument, loaded, found.common)
        else:
            _show_topic(topic, loaded)
    if found.family:
        _show_family(found.family)
    if found.others:
        say()
        _line(f"See also {', '.join(found.others)}.")


def _line(text: str, indent: int = 0) -> None:
    """A paragraph, wrapped."""
    from cnncli.cli.console import show_paragraph

    show_paragraph(text, indent)


def _heading(text: str, rest: str = "") -> None:
    from cnncli.cli.console import printable, styled

    click.echo(styled(printable(text), bold=True) + (f"   {printable(rest)}" if rest else ""))


def _show_family(family: str) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import WORD, first_sentence, names

    _heading(_plural(WORD[family]))
    for name in names(family):
        say(f"  {name}")
        _line(first_sentence(family, name), indent=6)


def _show_topic(topic: Topic, loaded: LoadedSpec | None) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import WORD

    _heading(topic.name, WORD[topic.family] + _whose(topic.source))
    listed = False
    for paragraph in topic.paragraphs:
        if not (listed and paragraph.startswith("- ")):
            say()
        listed = paragraph.startswith("- ")
        _line(paragraph)
    if topic.takes:
        say()
        _line(f"Takes {topic.takes}; {_default(topic.default)}.")
    _show_arguments(topic)
    _show_examples(topic, "", loaded)


def _whose(source: str) -> str:
    """Tells of words that are not ours."""
    from cnncli.explain.topics import KERAS, OURS

    if source == OURS:
        return ""
    return ", in Keras' own words" if source == KERAS else f", in the words of {source}"


def _show_arguments(topic: Topic) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import OURS

    seldom = [argument for argument in topic.arguments if argument.seldom]
    if len(seldom) < len(topic.arguments):
        say()
        theirs = next((argument.source for argument in topic.arguments if argument.source != OURS), OURS)
        note = f"(those marked * are explained{_whose(theirs).removeprefix(',')})" if theirs != OURS else ""
        _heading("Keys" if topic.family == "key" else "Arguments", note)
    for argument in topic.arguments:
        if not argument.seldom:
            mark = " *" if argument.source != OURS else ""
            say(f"  {argument.name}{mark}" + (f"   {_default(argument.default)}" if argument.takes else ""))
            _line(argument.words, indent=6)
    if seldom:
        say()
        _heading("Seldom changed", f"(more: cnncli explain {topic.name}.{seldom[0].name})")
    for argument in seldom:
        _line(f"{argument.name}: {argument.words.partition('. ')[0].rstrip('.')}.", indent=2)


def _default(default: str) -> str:
    return "required" if default == "required" else f"default {default}"


def _show_argument(topic: Topic, name: str, loaded: LoadedSpec | None, common: bool) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import WORD

    argument = topic.argument(name)
    assert argument
    word = WORD[topic.family]
    if common:
        _heading(name, f"argument of {_plural(word)}")
    else:
        _heading(f"{topic.name}.{name}", word + _whose(argument.source))
    say()
    _line(argument.words)
    if argument.takes:
        say()
        _line(f"Takes {argument.takes}{'' if common else f'; {_default(argument.default)}'}.")
    if not common:
        _show_examples(topic, name, loaded)


def _show_examples(topic: Topic, argument: str, loaded: LoadedSpec | None) -> None:
    from cnncli.cli.explain_examples import show_examples

    show_examples(topic, argument, loaded)
