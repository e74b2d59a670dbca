"""What `cnncli explain` prints for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import click

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.packages import plugin_layer, plugin_names, registered_names, registration_error
from cnncli.cli.terminal.console import notice, one_line, printable, say, show_paragraph, styled
from cnncli.explain.search import Answer, Meaning
from cnncli.explain.topics import KERAS, OURS, TITLES, ArgumentTopic, Topic, families, first_sentence, names
from cnncli.spec.graph.blocks import KEYS


def show_list() -> None:
    """Prints every name by kind, and on stderr which layers of installed packages cannot be used."""
    for family in families():
        apart = (*BACKBONES, *plugin_names()) if family == "layer" else ()
        _show_names(_plural(family), [name for name in names(family) if name not in apart])
        if family == "layer":
            _show_names("layers that are whole networks", list(BACKBONES))
            own = [layer for name in plugin_names() if (layer := plugin_layer(name))]
            origins = [f"{layer.name} ({layer.package} {layer.version})" for layer in own]
            _show_names("layers of installed packages", origins)
    show_paragraph(
        "cnncli explain NAME, for example: Conv2D, kernel_size, Adam.beta_1, train.batch_size, losses, overfitting"
    )
    for name in registered_names():
        if reason := registration_error(name):
            notice(one_line(f"warning: '{name}' cannot be used: {reason}"))


def show_answer(answer: Answer) -> None:
    """Prints what a word stands for."""
    parts: list[Callable[[], None]] = [partial(_show_topic, topic, answer.argument) for topic in answer.topics]
    parts += [partial(_show_meanings, answer.meanings)] if answer.meanings else []
    parts += [partial(_show_family, answer.family)] if answer.family else []
    parts += [partial(show_paragraph, f"See also {', '.join(answer.others)}.")] if answer.others else []
    for number, show in enumerate(parts):
        if number:
            say()
        show()


def _show_names(heading: str, names: list[str]) -> None:
    if names:
        _heading(heading)
        show_paragraph(", ".join(names), 2)
        say()


def _show_family(family: str) -> None:
    _heading(_plural(family))
    for name in names(family):
        say(f"  {name}")
        show_paragraph(first_sentence(family, name), 6)


def _show_topic(topic: Topic, only: str = "") -> None:
    """Prints all of a topic, or only one of its arguments."""
    if argument := topic.argument(only):
        _heading(f"{topic.name}.{only}", TITLES[topic.family] + _origin(argument.source))
        say()
        show_paragraph(argument.text)
        _show_values(argument)
        return
    _heading(topic.name, TITLES[topic.family] + _origin(topic.source))
    in_list = False
    for paragraph in topic.paragraphs:
        if not (in_list and paragraph.startswith("- ")):
            say()
        in_list = paragraph.startswith("- ")
        show_paragraph(paragraph)
    _show_values(topic)
    _show_arguments(topic)
    if topic.usage:
        say()
        _heading("In a spec")
        for line in topic.usage.splitlines():
            say(f"  {line}")


def _show_values(item: Topic | ArgumentTopic) -> None:
    if item.takes:
        say()
        show_paragraph(f"Takes {item.takes}; {_default(item.default)}.")


def _show_arguments(topic: Topic) -> None:
    usual = [argument for argument in topic.arguments if not argument.seldom]
    seldom = [argument for argument in topic.arguments if argument.seldom]
    if usual:
        say()
        origin = next(filter(None, (_origin(argument.source) for argument in usual)), "")
        _heading("Keys" if topic.family == "key" else "Arguments", f"(*{origin[1:]})" if origin else "")
    for argument in usual:
        mark = " *" if argument.source != OURS else ""
        say(f"  {argument.name}{mark}" + (f"   {_default(argument.default)}" if argument.takes else ""))
        show_paragraph(_with_takes(argument), 6)
    if seldom:
        say()
        _heading("Seldom changed", f"(more: cnncli explain {topic.name}.{seldom[0].name})")
    for argument in seldom:
        show_paragraph(f"{argument.name}: {argument.text.partition('. ')[0].rstrip('.')}.", 2)
    if topic.family == "layer":
        say()
        show_paragraph(f"Like every layer of a spec it also takes {', '.join(KEYS[:-1])} and {KEYS[-1]}.")


def _show_meanings(meanings: Sequence[Meaning]) -> None:
    _heading(meanings[0].argument.name, "argument")
    for meaning in meanings:
        owners = "" if meaning.shared else f": {', '.join(meaning.owners)}"
        say()
        show_paragraph(f"of {_plural(meaning.family)}{owners}{_origin(meaning.argument.source)}", 2)
        show_paragraph(_with_takes(meaning.argument), 6)


def _plural(family: str) -> str:
    title = TITLES[family]
    return title.replace("key of", "keys of") if "key of" in title else f"{title}{'es' if title.endswith('s') else 's'}"


def _origin(source: str) -> str:
    """Where a text that is not ours comes from."""
    if source == OURS:
        return ""
    return f", from the {'Keras documentation' if source == KERAS else f'documentation of {source}'}"


def _with_takes(argument: ArgumentTopic) -> str:
    return argument.text + (f" Takes {argument.takes}." if argument.takes else "")


def _default(default: str) -> str:
    return "required" if default == "required" else f"default {default}"


def _heading(text: str, rest: str = "") -> None:
    click.echo(styled(printable(text), bold=True) + (f"   {printable(rest)}" if rest else ""))
