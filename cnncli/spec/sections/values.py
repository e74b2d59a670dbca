"""Validators of values that only a spec has: names of runs, ranges of pixels, sizes, parts of the images, weights."""

from __future__ import annotations

import re
from typing import Any

from cnncli.catalog.entry_lists import as_a_list, entry_list
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
from cnncli.wording import nearest, shown

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
        elif is_number(value) or any("/" in str(each) for each in (value if isinstance(value, list) else [value])):
            message = f"expected {pair.description}, got {shown(value)}; [0, 1] divides the pixels by 255"
            problems[before:] = [Problem(path, message)]
        return ends

    return Validator(pair.description, accept, pair.schema)


def _size() -> Validator:
    sides = list_of(whole(1), 2, "a list of height and width")

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        before = len(problems)
        accepted = sides.accept(value, path, problems)
        if isinstance(value, list) and len(value) == 3 and all(map(is_whole, value)):
            two = next((value[part] for end, part in _CHANNELS if value[end] in (1, 3, 4)), None)
            if two and min(two) > 0:
                more = f"; write {two}: the channels are those of data.image.color"
                problems[before:] = [Problem(path, f"{problems[before].message}{more}")]
        return accepted

    return any_of(whole(1), Validator(sides.description, accept, sides.schema))


_CHANNELS = ((2, slice(2)), (0, slice(1, 3)))  # where their number may stand in a shape, and the rest of it


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
_LIMIT = validator(
    "a limit in GB, above 0 and at most 1,000,000",
    lambda value: is_number(value) and 0 < value <= 1e6,
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1e6},
)


def _limited_cache(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    """`{disk: 20}`: the cache on the disk with a limit."""
    if not isinstance(value, dict) or not value:
        problems.append(Problem(path, f"expected {_CACHE}, got {shown(value)}"))
        return value
    for key in [key for key in value if key != "disk"]:
        message = f"unknown key{nearest(key, ['disk']) or '; the only one is disk, with a limit in GB'}"
        problems.append(Problem((*path, key), message, at_key=True))
    return {key: _LIMIT.accept(size, (*path, key), problems) if key == "disk" else size for key, size in value.items()}


_CACHE = "off, memory, disk, or {disk: 20} with its limit in GB"
cache = any_of(
    validator(
        _CACHE,
        lambda value: isinstance(value, bool) or value in _CACHES,
        {"enum": [*_CACHES, True, False]},
        lambda value: {True: "disk", False: "off"}[value] if isinstance(value, bool) else value,
    ),
    Validator(
        _CACHE,
        _limited_cache,
        {
            "type": "object",
            "properties": {"disk": _LIMIT.schema},
            "required": ["disk"],
            "additionalProperties": False,
        },
    ),
    description=_CACHE,
)
size = _size()
image_size = optional(size)
frame = optional(any_of(whole(0), choice("first", "middle")))
class_name = Validator(
    "the name of a class",
    lambda value, path, problems: text.accept(str(value) if is_whole(value) else value, path, problems),  # of digits
    {"type": ["string", "integer"]},
)
classes = optional(
    any_of(
        list_of(class_name, description="a list of class names"),
        mapping_of(class_name),
        description="a list of class names, or a mapping from names in the data to other names",
    )
)
blocks = validator(
    "a mapping from names to blocks",
    lambda value: isinstance(value, dict),
    {"type": "object", "additionalProperties": {"$ref": "#/$defs/block"}},
)  # what is in them, spec/graph checks


def _accept_layers(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if not isinstance(value, list) or not value:
        problems.append(Problem(path, f"expected a list of layers, got {shown(value)}{as_a_list('layer', value)}"))
    return value


layers = Validator(
    "a list of layers", _accept_layers, {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1}
)
augmentations = entry_list("augmentation", "a list of augmentations")
