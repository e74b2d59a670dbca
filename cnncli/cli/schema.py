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
    from cnncli.cli.terminal.console import print_json
    from cnncli.spec.jsonschema import json_schema

    print_json(json_schema())
