"""`cnncli layers`: what a spec may name, with arguments and defaults."""

from __future__ import annotations

from typing import Any

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
    from cnncli.catalog import FAMILIES, WORDS, resolve, spellings
    from cnncli.catalog.kinds import nearest
    from cnncli.catalog.refusals import REFUSED
    from cnncli.cli.console import say, show_paragraph, styled

    if name is None:
        for number, (family, names) in enumerate(FAMILIES.items()):
            if number:
                say()
            click.echo(styled(f"{WORDS[family]}s", bold=True))
            show_paragraph(", ".join(names), indent=2)
        return
    found = [(family, known) for family in FAMILIES if (known := resolve(family, name))]
    if not found:
        refused = next((reasons[name] for reasons in REFUSED.values() if name in reasons), None)
        if refused:
            raise click.UsageError(f"'{name}' cannot be used: {refused}")
        near = nearest(name, [word for family in FAMILIES for word in spellings(family)])
        raise click.UsageError(f"nothing is called '{name}'{near or '; cnncli layers lists what there is'}")
    for family, known in found:
        _show(family, known)


def _show(family: str, name: str) -> None:
    from cnncli.catalog import WORDS, arguments_of, first_line
    from cnncli.catalog.entries import kind_of
    from cnncli.cli.console import say, show_table, styled

    click.echo(styled(name, bold=True) + f"   {WORDS[family]}: {first_line(family, name)}")
    if family == "activation":
        return
    rows = [
        (
            argument.name,
            "required" if argument.required else _yaml(argument.default),
            kind_of(family, name, argument).words,
        )
        for argument in arguments_of(family, name).values()
    ]
    if rows:
        say()
        show_table(("argument", "default", "takes"), rows)


def _yaml(value: Any) -> str:
    """A default as a spec would have it."""
    import json

    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return json.dumps(value) if isinstance(value, bool) else str(value)
