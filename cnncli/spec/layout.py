"""Which keys of a spec are merged one by one when it extends another, and which `null` takes out."""

from __future__ import annotations

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
        key = section.spec_keys().get(str(path[-1])) if section else None
        return key is not None and not key.takes_null  # else null is a value

    return Layout(is_section, is_taken_out)
