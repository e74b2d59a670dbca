"""`cnncli schema`: the spec as JSON Schema, for editors."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of a spec.

    \b
    Example:
      cnncli schema > cnncli.schema.json
    """
    import json

    from cnncli.spec.jsonschema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
