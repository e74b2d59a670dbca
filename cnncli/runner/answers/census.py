"""Proof that every image is there exactly once."""

from __future__ import annotations

from cnncli.errors import RunError


class Census:
    """Counts images by their positions.

    Args:
        images: Number of images that there must be.
    """

    def __init__(self, images: int) -> None:
        self._seen = bytearray(images)

    def add(self, position: int) -> None:
        """Counts an image.

        Raises:
            RunError: It was counted before, or there is no such image.
        """
        if not 0 <= position < len(self._seen):
            raise RunError(f"there is an answer for image {position:,} of {len(self._seen):,}", _DAMAGED)
        if self._seen[position]:
            raise RunError(f"image {position:,} is there twice", _DAMAGED)
        self._seen[position] = 1

    def require(self, images: int) -> None:
        """Raises a RunError unless so many images were counted."""
        if (counted := self._seen.count(1)) != images:
            raise RunError(f"there are {counted:,} of {images:,} images", _DAMAGED)


_DAMAGED = "files were changed after they were written: start again with --overwrite"
