"""`cnncli layers`: what a spec may name, with arguments and defaults."""

from __future__ import annotations

import click


@click.command()
@click.argument("name", required=False)
def layers(name: str | None) -> None:
    """List what a spec may name, or the arguments of NAME.

    \b
    Example:
      cnncli layers Conv2D
    """
    from cnncli.catalog import FAMILIES, WORDS, arguments_of, first_line, resolve, spellings
    from cnncli.catalog.entries import kind_of
    from cnncli.catalog.kinds import nearest

    if name is None:
        for family, names in FAMILIES.items():
            click.echo(f"{WORDS[family]}s: {', '.join(names)}\n")
        return
    found = [(family, known) for family in FAMILIES if (known := resolve(family, name))]
    if not found:
        near = nearest(name, [word for family in FAMILIES for word in spellings(family)])
        raise click.UsageError(f"nothing is called '{name}'{near}")
    for family, known in found:
        click.echo(f"{known} ({WORDS[family]}): {first_line(family, known)}")
        for argument in arguments_of(family, known).values() if family != "activation" else ():
            default = "required" if argument.required else f"default {argument.default!r}"
            click.echo(f"  {argument.name:<24} {kind_of(family, known, argument).words}; {default}")
