"""Which keys of a spec are merged one by one when it extends another, and which `null` takes out."""

from __future__ import annotations

from typing import get_args

from cnncli.errors import KeyPath
from cnncli.spec.overrides import Layout
from cnncli.spec.schema import sections


def layout() -> Layout:
    """What merging one spec with another must know of the keys."""
    known = sections()

    def is_section(path: KeyPath) -> bool:
        in_blocks = path[:2] == ("model", "blocks") and (len(path) < 4 or path[3:] == ("parameters",))
        return path in known or in_blocks

    def is_taken_out(path: KeyPath) -> bool:
        section = known.get(path[:-1]) if path else None
        if section is None or path[-1] not in section.model_fields:
            return False
        return type(None) not in get_args(section.model_fields[str(path[-1])].annotation)  # else it is a value

    return Layout(is_section, is_taken_out)
