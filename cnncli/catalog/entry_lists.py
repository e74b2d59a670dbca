"""Lists of entries: augmentations, metrics, callbacks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncli.catalog.entries import entry_validator
from cnncli.catalog.misplaced import key_of_name, with_name_in_front
from cnncli.catalog.spelling import resolve
from cnncli.catalog.validators import Validator, list_of
from cnncli.errors import KeyPath, Problem
from cnncli.wording import shown


def entry_list(family: str, description: str) -> Validator:
    """The validator of a list of entries of one family, which may be empty."""
    item = entry_validator(family)
    checked = list_of(item, description=description, empty=True)

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if isinstance(value, list):
            return checked.accept(value, path, problems)
        if isinstance(value, dict) and (key := key_of_name(family, value)):
            end = f"; write '- {with_name_in_front(family, value, key)}'"
            problems.append(Problem(path, f"expected {description}, got a mapping{end}"))
            return value
        problems.append(Problem(path, f"expected {description}, got {shown(value)}{as_a_list(family, value)}"))
        if isinstance(value, dict):
            for key, arguments in value.items():  # what is wrong with each, as if they were a list
                own: list[Problem] = []
                item.accept({key: arguments}, path, own)
                problems += [replace(each, path=(*path, key)) if each.path == path else each for each in own]
        return value

    return Validator(description, accept, checked.schema)


def as_a_list(family: str, value: Any) -> str:
    """The end of a message about one or more names where a list of them should be."""
    if isinstance(value, dict) and value:
        known = next((f", or write '[{{{name}: …}}]'" for name in value if resolve(family, str(name))), "")
        return f"; put '- ' before each name{known}"
    return f"; write '[{value.strip()}]'" if isinstance(value, str) and value.strip() else ""
