"""Names that stand where an argument should, as in `{name: adam, learning_rate: 0.001}`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cnncli.catalog.other_names import name_here
from cnncli.catalog.source import as_yaml
from cnncli.catalog.spelling import WORDS, resolve

_NAME_KEYS = ("name", "type", "class_name", "class", "kind", "_target_")
_ARGUMENT_KEYS = ("config", "params", "args", "kwargs", "arguments", "options")
_LONGEST = 70
"""Characters that an example may have."""


def key_of_name(family: str, value: Mapping[str, Any], own: Collection[str] = ()) -> str:
    """The key of a mapping under which the name is that should stand in front; empty when there is none.

    Args:
        family: what the mapping should be.
        value: the mapping.
        own: names that the spec itself defines.
    """
    if any(key in own or resolve(family, key) for key in value):
        return ""
    return next((key for key in (*_NAME_KEYS, family) if isinstance(value.get(key), str)), "")


def name_in_front(family: str, value: Mapping[str, Any], key: str) -> str:
    """What to say of a mapping whose name is the value of a key."""
    example = with_name_in_front(family, value, key)
    if ":" not in example:
        return f"without arguments, {with_article(family)} is its name alone: write '{example}'"
    return f"the name of {with_article(family)} stands before its arguments: write '{where_it_stands(family, example)}'"


def with_name_in_front(family: str, value: Mapping[str, Any], key: str) -> str:
    """How such a mapping is written: `Adam: {learning_rate: 0.001}`."""
    word, arguments = value[key], {other: item for other, item in value.items() if other != key}
    name = resolve(family, word) or name_here(family, word).partition(":")[0] or word
    if len(arguments) == 1:
        ((other, inner),) = arguments.items()
        arguments = inner if other in _ARGUMENT_KEYS and isinstance(inner, dict) else arguments
    if not arguments:
        return name
    example = f"{name}: {as_yaml(arguments)}"
    return example if len(example) <= _LONGEST else f"{name}: {{{next(iter(arguments))}: …}}"


def where_it_stands(family: str, example: str) -> str:
    """An entry with arguments as an item of a list has it, or else behind the colon of a key, where it needs braces."""
    return example if family in ("layer", "augmentation", "metric", "callback") else f"{{{example}}}"


def with_article(family: str) -> str:
    """What a member of the family is called: `a layer`, `an optimizer`."""
    word = WORDS[family]
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
