"""`cnncli explain`: what a layer, an argument, a key of the spec or a word of the field means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnncli.cli.options import set_option

if TYPE_CHECKING:
    from cnncli.explain.search import Answer, Meaning
    from cnncli.explain.topics import Topic
    from cnncli.spec import LoadedSpec


@click.command()
@click.argument("name", nargs=-1)
@click.option("--list", "as_list", is_flag=True, help="List every name by kind; so does leaving out NAME.")
@click.option("--config", type=click.Path(path_type=Path), help="Also show the layers called NAME in this spec.")
@set_option
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(
    name: tuple[str, ...], as_list: bool, config: Path | None, overrides: tuple[str, ...], as_json: bool
) -> None:
    """Explain NAME: what it does, when to change it, which values are usual.

    NAME is a layer, an optimizer or anything else that a spec may name, an argument (kernel_size, Conv2D.strides), a
    key of the spec (train.batch_size), or a word of the field (overfitting, receptive field).

    \b
    Example:
      cnncli explain Conv2D --config configs/mnist.yaml
    """
    from cnncli.cli.console import printable
    from cnncli.cli.explain_json import answer_as_json, list_as_json
    from cnncli.explain.search import NotFound, find

    if as_list and name:
        raise click.UsageError("--list shows every name; leave out NAME")
    if not name:
        _print_json(list_as_json()) if as_json else _list_all()
        return
    try:
        answer = find(" ".join(name))
    except NotFound as error:
        raise click.UsageError(printable(str(error))) from error
    loaded = _load(config, overrides)
    if as_json:
        _print_json(answer_as_json(answer, loaded))
    else:
        _show(answer, loaded)


def _load(config: Path | None, overrides: tuple[str, ...]) -> LoadedSpec | None:
    from cnncli.spec import load

    if overrides and not config:
        raise click.UsageError("--set changes a key of a spec; name the spec with --config")
    return load(config, overrides) if config else None


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))


def _list_all() -> None:
    from cnncli.catalog.backbones import BACKBONES
    from cnncli.catalog.packages import fault, own_names, plugin_layer, registered_names
    from cnncli.cli.console import notice, one_line
    from cnncli.explain.topics import families, names

    for family in families():
        apart = (*BACKBONES, *own_names()) if family == "layer" else ()
        _show_names(_plural(family), [name for name in names(family) if name not in apart])
        if family == "layer":
            _show_names("layers that are whole networks", list(BACKBONES))
            own = [layer for name in own_names() if (layer := plugin_layer(name))]
            _show_names(
                "layers of installed packages", [f"{layer.name} ({layer.package} {layer.version})" for layer in own]
            )
    _line("cnncli explain NAME, for example: Conv2D, kernel_size, Adam.beta_1, train.batch_size, losses, overfitting")
    for name in registered_names():
        if reason := fault(name):
            notice(one_line(f"warning: '{name}' cannot be used: {reason}"))


def _show_names(heading: str, names: list[str]) -> None:
    from cnncli.cli.console import say

    if names:
        _heading(heading)
        _line(", ".join(names), indent=2)
        say()


def _plural(family: str) -> str:
    from cnncli.explain.topics import TITLES

    title = TITLES[family]
    return title.replace("key of", "keys of") if "key of" in title else f"{title}{'es' if title.endswith('s') else 's'}"


def _show(answer: Answer, loaded: LoadedSpec | None) -> None:
    from cnncli.cli.console import say

    for number, topic in enumerate(answer.topics):
        if number:
            say()
        if answer.argument:
            _show_argument(topic, answer.argument)
        else:
            _show_topic(topic)
        if loaded and topic.family == "layer":
            _show_in_spec(topic.name, loaded)
    if answer.meanings:
        if answer.topics:
            say()
        _show_meanings(answer.meanings)
    if answer.family:
        if answer.topics or answer.meanings:
            say()
        _show_family(answer.family)
    if answer.others:
        say()
        _line(f"See also {', '.join(answer.others)}.")


def _line(text: str, indent: int = 0) -> None:
    """A paragraph, wrapped."""
    from cnncli.cli.console import show_paragraph

    show_paragraph(text, indent)


def _heading(text: str, rest: str = "") -> None:
    from cnncli.cli.console import printable, styled

    click.echo(styled(printable(text), bold=True) + (f"   {printable(rest)}" if rest else ""))


def _show_family(family: str) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import first_sentence, names

    _heading(_plural(family))
    for name in names(family):
        say(f"  {name}")
        _line(first_sentence(family, name), indent=6)


def _show_topic(topic: Topic) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import TITLES

    _heading(topic.name, TITLES[topic.family] + _origin(topic.source))
    in_list = False
    for paragraph in topic.paragraphs:
        if not (in_list and paragraph.startswith("- ")):
            say()
        in_list = paragraph.startswith("- ")
        _line(paragraph)
    if topic.takes:
        say()
        _line(f"Takes {topic.takes}; {_default(topic.default)}.")
    _show_arguments(topic)
    if topic.usage:
        say()
        _heading("In a spec")
        for line in topic.usage.splitlines():
            say(f"  {line}")


def _origin(source: str) -> str:
    """Where a text that is not ours comes from."""
    from cnncli.explain.topics import KERAS, OURS

    if source == OURS:
        return ""
    return ", from the Keras documentation" if source == KERAS else f", from the documentation of {source}"


def _show_arguments(topic: Topic) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import OURS
    from cnncli.spec.graph.blocks import KEYS

    seldom = [argument for argument in topic.arguments if argument.seldom]
    if len(seldom) < len(topic.arguments):
        say()
        theirs = next((argument.source for argument in topic.arguments if argument.source != OURS), OURS)
        note = f"(*{_origin(theirs).removeprefix(',')})" if theirs != OURS else ""
        _heading("Keys" if topic.family == "key" else "Arguments", note)
    for argument in topic.arguments:
        if not argument.seldom:
            mark = " *" if argument.source != OURS else ""
            say(f"  {argument.name}{mark}" + (f"   {_default(argument.default)}" if argument.takes else ""))
            _line(argument.text + (f" Takes {argument.takes}." if argument.takes else ""), indent=6)
    if seldom:
        say()
        _heading("Seldom changed", f"(more: cnncli explain {topic.name}.{seldom[0].name})")
    for argument in seldom:
        _line(f"{argument.name}: {argument.text.partition('. ')[0].rstrip('.')}.", indent=2)
    if topic.family == "layer":
        say()
        _line(f"Like every layer of a spec it also takes {', '.join(KEYS[:-1])} and {KEYS[-1]}.")


def _default(default: str) -> str:
    return "required" if default == "required" else f"default {default}"


def _show_argument(topic: Topic, name: str) -> None:
    from cnncli.cli.console import say
    from cnncli.explain.topics import TITLES

    argument = topic.argument(name)
    assert argument
    _heading(f"{topic.name}.{name}", TITLES[topic.family] + _origin(argument.source))
    say()
    _line(argument.text)
    if argument.takes:
        say()
        _line(f"Takes {argument.takes}; {_default(argument.default)}.")


def _show_meanings(meanings: Sequence[Meaning]) -> None:
    from cnncli.cli.console import say

    _heading(meanings[0].argument.name, "argument")
    for meaning in meanings:
        argument, owners = meaning.argument, "" if meaning.shared else f": {', '.join(meaning.owners)}"
        say()
        _line(f"of {_plural(meaning.family)}{owners}{_origin(argument.source)}", indent=2)
        _line(argument.text + (f" Takes {argument.takes}." if argument.takes else ""), indent=6)


def _show_in_spec(name: str, loaded: LoadedSpec) -> None:
    from cnncli.cli.console import say, show_table
    from cnncli.explain.in_spec import layers_in_spec

    rows = layers_in_spec(name, loaded)
    say()
    if not rows:
        _line(f"{loaded.document.file} has no {name}.")
        return
    _heading(f"In {loaded.document.file}")
    show_table(("  line", "layer", "input", "output", "parameters"), [row.cells() for row in rows])
