"""The spec and the whole catalogue as JSON Schema, so that an editor completes and checks every key."""

from __future__ import annotations

from typing import Any

from cnncli.catalog import FAMILIES, arguments_of, first_line, spellings
from cnncli.catalog.entries import kind_of
from cnncli.spec.schema import REFERENCE, Spec, rename_references


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a spec file."""
    schema: dict[str, Any] = rename_references(Spec.model_json_schema(), REFERENCE, "$ref")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"]["extends"] = {"type": "string", "description": "Another spec; this file's keys win"}
    definitions = schema.setdefault("$defs", {})
    for family in FAMILIES:
        definitions[family] = _family(family)
    return schema


def _family(family: str) -> dict[str, Any]:
    words: dict[str, Any] = {"type": "string", "examples": spellings(family)}
    if family == "activation":
        return words
    properties = {name: _arguments(family, name) for name in FAMILIES[family]}
    named = {"type": "object", "properties": properties, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [words, named]}


def _arguments(family: str, name: str) -> dict[str, Any]:
    arguments = arguments_of(family, name)
    properties = {}
    for argument in arguments.values():
        properties[argument.name] = dict(kind_of(family, name, argument).schema)
        if argument.default is None:
            properties[argument.name] = {"anyOf": [properties[argument.name], {"type": "null"}]}
    return {
        "type": ["object", "null"],
        "description": first_line(family, name) if name != "accuracy" else "Share of images classified rightly",
        "properties": properties,
        "additionalProperties": False,
        "required": [argument.name for argument in arguments.values() if argument.required],
    }
