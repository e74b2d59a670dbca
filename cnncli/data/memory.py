"""Refuses images that would not fit into memory, before they are read."""

from __future__ import annotations

from cnncli.errors import ResourceError
from cnncli.machine import available_memory
from cnncli.wording import size_text


def require_memory(size: int, what: str) -> None:
    """Raises a ResourceError when this many bytes are not available; `what` begins it: `images.npz holds images`."""
    available = available_memory()
    if available is not None and size > available:
        raise ResourceError(
            f"{what}, {size_text(size)} in memory, and {size_text(available)} are available",
            "image files in folders need not fit in memory: use the source folder or table",
        )
