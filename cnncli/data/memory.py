"""Memory for images: whether there is enough of it, and arrays in it that TensorFlow takes as they are."""

from __future__ import annotations

from math import prod
from typing import Protocol

import numpy as np

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


SHARE = 0.25
"""Of the available memory that the images of a split may take to be held."""


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of each item."""

    def __len__(self) -> int:
        """How many there are."""


def fits_in_memory(items: _Shaped, share: float = SHARE, item_bytes: int = 1) -> bool:
    """Whether images, of so many bytes a number, are few enough to be held in memory while a model trains."""
    available = available_memory()
    return available is None or len(items) * prod(items.shape) * item_bytes <= share * available


_ALIGNMENT = 64
"""Bytes; TensorFlow's operations may read an array only where it starts at a multiple of them."""


def empty_images(*shape: int) -> np.ndarray:
    """An array for images, uint8 of this shape, that are `shareable`; what is in it is undefined."""
    size = prod(shape)
    room = np.empty(size + _ALIGNMENT, np.uint8)
    start = -room.ctypes.data % _ALIGNMENT
    return room[start : start + size].reshape(shape)


def shareable(images: np.ndarray) -> np.ndarray | None:
    """The same images for TensorFlow to use where they are, so that they are in memory once; None where it cannot.

    It only takes arrays that may be written to, though it does not write.
    """
    view = images.view()
    try:
        view.flags.writeable = True
    except ValueError:
        return None
    return view if view.flags.c_contiguous and view.ctypes.data % _ALIGNMENT == 0 else None
