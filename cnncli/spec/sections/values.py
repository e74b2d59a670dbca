"""Validators of values that only a spec has: names of runs, ranges of pixels, sizes, parts of the images, weights."""

from __future__ import annotations

import re
from typing import Any

from cnncli.catalog.entries import entry_validator
from cnncli.catalog.validators import (
    Validator,
    any_of,
    choice,
    is_number,
    is_whole,
    list_of,
    mapping_of,
    number,
    optional,
    text,
    validator,
    whole,
)
from cnncli.errors import KeyPath, Problem
from cnncli.wording import shown

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}


def is_name(word: object) -> bool:
    """Whether a word can be the name of a folder on every system: letters, digits, '.', '_' and '-'."""
    return (
        isinstance(word, str)
        and bool(NAME.match(word))
        and not word.endswith(".")
        and word.split(".")[0].lower() not in _RESERVED
    )


def _range() -> Validator:
    pair = list_of(number(), 2, "a list of two numbers, the lower one first")

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        before = len(problems)
        ends = pair.accept(value, path, problems)
        if len(problems) == before and not ends[0] < ends[1]:
            problems.append(Problem(path, f"expected {pair.description}, got {shown(value)}"))
        return ends

    return Validator(pair.description, accept, pair.schema)


run_name = validator(
    "letters, digits, '.', '_' and '-', at most 100 of them, the first a letter or digit",
    is_name,
    {"type": "string", "pattern": NAME.pattern.replace(r"\Z", "$")},
)
pixel_range = _range()
class_weight = optional(
    any_of(
        choice("balanced"),
        mapping_of(number(0)),
        description="'balanced', or a mapping from class names to weights",
    )
)
rate_factors = optional(mapping_of(number(0, above=True)))
_CACHES = ("off", "memory", "disk")


def _is_cache(value: Any) -> bool:
    if isinstance(value, dict):
        return list(value) == ["disk"] and is_number(value["disk"]) and value["disk"] > 0
    return isinstance(value, bool) or value in _CACHES


cache = validator(
    "off, memory, disk, or {disk: 20} with its limit in GB",
    _is_cache,
    {
        "anyOf": [
            {"enum": [*_CACHES, True, False]},
            {
                "type": "object",
                "properties": {"disk": {"type": "number", "exclusiveMinimum": 0}},
                "required": ["disk"],
                "additionalProperties": False,
            },
        ]
    },
    lambda value: {True: "disk", False: "off"}[value] if isinstance(value, bool) else value,
)
image_size = optional(any_of(whole(1), list_of(whole(1), 2, "a list of height and width")))
frame = optional(any_of(whole(0), choice("first", "middle")))
class_name = Validator(
    "the name of a class",
    lambda value, path, problems: text.accept(str(value) if is_whole(value) else value, path, problems),  # of digits
    {"type": ["string", "integer"]},
)
classes = optional(any_of(list_of(class_name, description="a list of class names"), mapping_of(class_name)))
blocks = validator(
    "a mapping from names to blocks",
    lambda value: isinstance(value, dict),
    {"type": "object", "additionalProperties": {"$ref": "#/$defs/block"}},
)  # what is in them, spec/graph checks
layers = validator(
    "a list of layers",
    lambda value: isinstance(value, list) and bool(value),
    {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1},
)
augmentations = list_of(entry_validator("augmentation"), description="a list of augmentations", empty=True)
