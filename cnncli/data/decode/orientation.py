"""Which way up a picture is: the orientation that a camera noted."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ON_ITS_SIDE = (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8])
"""The turns that exchange width and height."""


def turn_for(orientation: int) -> Image.Transpose | None:
    """What puts a picture upright that was stored in this orientation, from 1 to 8."""
    return _TURNS.get(orientation)


def turn_of(picture: Image.Image) -> Image.Transpose | None:
    """What puts a picture upright; None when it is, or does not say."""
    return turn_told_by(picture.getexif)


def turn_told_by(exif_of: Callable[[], Image.Exif]) -> Image.Transpose | None:
    """What an EXIF says; EXIF that cannot be read says nothing."""
    try:
        return _TURNS.get(exif_of().get(_ORIENTATION, 1))
    except Exception:  # EXIF that cannot be parsed tells no orientation; the pixels are good all the same
        return None
