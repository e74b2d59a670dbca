"""Which way up a picture is: the orientation that a camera noted."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

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

_NO_PIXELS = b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82"


def turn_of(picture: Image.Image) -> Image.Transpose | None:
    """What puts a picture upright; None when it is, or does not say. A PNG is decoded by asking, if it is not yet."""
    return _turn(picture.getexif)


def turn_of_header(picture: Image.Image, stream: BinaryIO) -> Image.Transpose | None:
    """The same of a file that was opened from a stream, without decoding it; a PNG may have it behind its pixels."""
    if not isinstance(picture, PngImageFile):
        return turn_of(picture)
    # Not its own getexif, which decodes where it finds nothing
    return _turn(lambda: Image.Image.getexif(PngImageFile(io.BytesIO(_without_pixels(stream)))))


def _turn(exif_of: Callable[[], Image.Exif]) -> Image.Transpose | None:
    try:
        return _TURNS.get(exif_of().get(_ORIENTATION, 1))
    except Exception:  # EXIF that cannot be parsed tells no orientation; the pixels are good all the same
        return None


def _without_pixels(stream: BinaryIO) -> bytes:
    """A PNG with everything that it says of its first frame, and no pixels."""
    stream.seek(0)
    chunks = [stream.read(8)]
    behind = False
    while len(head := stream.read(8)) == 8:
        length, kind = int.from_bytes(head[:4]), head[4:]
        if kind == b"IEND" or (behind and kind == b"fcTL"):  # another frame
            break
        behind = behind or kind == b"IDAT"
        if kind == b"IDAT":
            stream.seek(length + 4, io.SEEK_CUR)
        else:
            chunks.append(head + stream.read(length + 4))
    return b"".join(chunks) + _NO_PIXELS
