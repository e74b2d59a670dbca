"""Refuses images that would not fit into memory, before they are read."""

from __future__ import annotations

from cnncli.errors import ResourceError
from cnncli.machine import available_memory
from cnncli.wording import size_text


def require_memory(size: int, what: str) -> None:
    """Refuses what would not fit, before anything is read.

    Args:
        size: Size in bytes.
        what: The beginning of the message: `images.npz holds images`.

    Raises:
        ResourceError: Less memory is available.
    """
    available = available_memory()
    if available is not None and size > available:
        raise ResourceError(
            f"{what}, {size_text(size)} in memory, and {size_text(available)} are available",
            "image files in folders need not fit in memory: use the source folder or csv",
        )
