"""`cnncli layers`: what a spec may name, with arguments and defaults."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """List what a spec may name, or the arguments of NAME.

    Layers, optimizers, schedules, losses, metrics, callbacks, initializers, regularizers, constraints, activations.

    \b
    Example:
      cnncli layers Conv2D
    """
    from cnncli.catalog import FAMILIES, WORDS, resolve
    from cnncli.catalog.backbones import BACKBONES
    from cnncli.catalog.spelling import nearest_name
    from cnncli.catalog.unsupported import refusal
    from cnncli.cli.console import say, show_paragraph, styled

    if name is None:
        for number, (family, names) in enumerate(FAMILIES.items()):
            if number:
                say()
            click.echo(styled(f"{WORDS[family]}s", bold=True))
            show_paragraph(", ".join(name for name in names if name not in BACKBONES), indent=2)
            if family == "layer":
                say()
                click.echo(styled("layers that are whole networks", bold=True))
                show_paragraph(", ".join(BACKBONES), indent=2)
        _list_packages()
        return
    found = [(family, known) for family in FAMILIES if (known := resolve(family, name))]
    if not found:
        if refused := next((reason for family in FAMILIES if (reason := refusal(family, name))), None):
            raise click.UsageError(f"'{name}' cannot be used: {refused}")
        near = nearest_name(name, FAMILIES)
        raise click.UsageError(f"nothing is called '{name}'{near or '; cnncli layers lists what there is'}")
    for family, known in found:
        _show(family, known)


def _list_packages() -> None:
    """The layers of installed packages, and why some of them cannot be used."""
    from cnncli.catalog.packages import fault, plugin_layer, registered_names
    from cnncli.cli.console import notice, one_line, say, show_paragraph, styled

    own = [layer for name in registered_names() if (layer := plugin_layer(name))]
    if own:
        say()
        click.echo(styled("layers of installed packages", bold=True))
        show_paragraph(", ".join(f"{layer.name} ({layer.package} {layer.version})" for layer in own), indent=2)
    for name in registered_names():
        if reason := fault(name):
            notice(one_line(f"warning: '{name}' cannot be used: {reason}"))


def _show(family: str, name: str) -> None:
    from cnncli.catalog import WORDS, arguments_of, first_line
    from cnncli.catalog.entries import kind_of
    from cnncli.catalog.packages import plugin_layer
    from cnncli.cli.console import printable, say, show_table, styled
    from cnncli.spec.graph.blocks import KEYS

    own = plugin_layer(name) if family == "layer" else None
    what = f"{WORDS[family]} of {own.origin}" if own else WORDS[family]
    click.echo(styled(name, bold=True) + printable(f"   {what}: {first_line(family, name)}"))
    if family == "activation":
        return
    rows = [
        (
            argument.name,
            argument.default_text,
            kind_of(family, name, argument).words,
        )
        for argument in arguments_of(family, name).values()
    ]
    if rows:
        say()
        show_table(("argument", "default", "takes"), rows)
    if family == "layer":
        *others, last = KEYS
        say()
        say(f"Like every layer of a spec it also takes {', '.join(others)} and {last}: cnncli explain {last}")
