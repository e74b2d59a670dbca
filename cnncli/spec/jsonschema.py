"""The spec and the whole catalogue as JSON Schema, so that an editor completes and checks every key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.catalog import FAMILIES, first_line, members, signature, spellings
from cnncli.catalog.entries import argument_validator
from cnncli.spec.graph.expressions import MAX_LENGTH
from cnncli.spec.graph.reading import NAME
from cnncli.spec.schema import Spec, sections


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a spec file."""
    definitions = {section.__name__: section.schema() for path, section in sections().items() if path}
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Spec.schema()}
    schema["properties"]["extends"] = {"type": "string", "description": "Another spec; this file's keys win"}
    schema["$defs"] = definitions
    required = _required(schema, definitions)
    schema |= {"if": {"not": {"required": ["extends"]}}, "then": required}  # what it extends may have the rest
    definitions |= {family: _family(family) for family in FAMILIES}
    definitions |= {"line": _line(), "block": _BLOCK, "expression": _EXPRESSION}
    return schema


def _required(section: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that a section and those within it need; taken out of their schemas.

    Any other key may be `null`, which takes out what the spec that is extended has.
    """
    needed: dict[str, Any] = {"required": required} if (required := section.pop("required")) else {}
    within = {}
    for key, described in section["properties"].items():
        definition = definitions.get(str(described.get("$ref", "")).removeprefix("#/$defs/"), {})
        if "properties" not in definition and key not in needed.get("required", ()):
            _allow_nothing(described)
        if "properties" in definition and (subschema := _required(definition, definitions)):
            within[key] = subschema
    return needed | ({"properties": within} if within else {})


def _allow_nothing(described: dict[str, Any]) -> None:
    """Changes the schema of a key in place."""
    if isinstance(described.get("type"), str):
        described["type"] = [described["type"], "null"]
    elif "anyOf" in described and {"type": "null"} not in described["anyOf"]:
        described["anyOf"] = [*described["anyOf"], {"type": "null"}]


_IN_BLOCKS = ("layer", "initializer", "regularizer", "constraint")
"""Families whose arguments may be expressions: what a block is made of."""

_EXPRESSION = {
    "type": "string",
    "pattern": r"\$",
    "maxLength": MAX_LENGTH,
    "description": "In a block: a parameter, such as $filters, or arithmetic with some, such as $filters * 4",
}
_REFERENCE = {"$ref": "#/$defs/expression"}
_KEYS: dict[str, Any] = {
    "name": {"type": "string", "pattern": NAME.pattern.replace(r"\Z", "$"), "description": "What other layers call it"},
    "inputs": {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        "description": "Names of the layers above whose results it takes; the layer above unless given",
    },
    "repeat": {
        "anyOf": [{"type": "integer", "minimum": 0}, _REFERENCE],
        "description": "How many times it stands there; 0 leaves it out",
    },
}
_BLOCK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "parameters": {"type": "object", "description": "Defaults by name; null for one that every use must give"},
        "layers": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1},
    },
    "additionalProperties": False,
    "required": ["layers"],
}


def _line() -> dict[str, Any]:
    """One layer of a list, or a use of a block, which may have any other name."""
    layers = {name: _arguments("layer", name) for name in members("layer")}
    for described in layers.values():
        described["properties"] |= _KEYS
    use = {"type": ["object", "null"], "properties": _KEYS, "description": "A block, with its parameters"}
    named = {
        "type": "object",
        "properties": layers,
        "additionalProperties": use,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"type": "string", "examples": spellings("layer")}, named]}


def _family(family: str) -> dict[str, Any]:
    words: dict[str, Any] = {"type": "string", "examples": spellings(family)}
    if family == "activation":
        return words
    properties = {name: _arguments(family, name) for name in members(family)}
    named = {"type": "object", "properties": properties, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [words, named]}


def _arguments(family: str, name: str) -> dict[str, Any]:
    arguments = signature(family, name)
    properties = {}
    for argument in arguments.values():
        properties[argument.name] = dict(argument_validator(family, name, argument).schema)
        if argument.default is None:
            properties[argument.name] = {"anyOf": [properties[argument.name], {"type": "null"}]}
        if family in _IN_BLOCKS:
            properties[argument.name] = {"anyOf": [properties[argument.name], _REFERENCE]}
    return {
        "type": ["object", "null"],
        "description": first_line(family, name) if name != "accuracy" else "Share of images classified rightly",
        "properties": properties,
        "additionalProperties": False,
        "required": [argument.name for argument in arguments.values() if argument.required],
    }
