"""TIFF: Pillow reads pages of at most 8 bits, tifffile and imagecodecs all others.

Which of the two reads a page depends on the file alone, never on what is installed.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from cnncli.data.decode.cut_off import CutOff
from cnncli.data.decode.input_format import Frame, InputFormat
from cnncli.data.decode.readers import NotRead, OpenedPicture, chosen_frame
from cnncli.data.decode.readers.tiff_deep import open_deep
from cnncli.data.decode.readers.tiff_pages import COLORS, TiffPage, pages_of

_PACKED = {1, 5, 8, 32773, 32946, 34925, 50000}
"""None, LZW, Deflate twice, PackBits, LZMA, Zstandard: compressions that any numbers can have."""

_FAX, _JPEG = {2, 3, 4}, 7
_LARGEST_BLOCK = 1 << 26  # pixels of a tile or strip: libraries reserve one before they read it


class _PlainTiff(OpenedPicture):
    """A page that Pillow reads, and turns as it reads it."""

    def __init__(self, stream: BinaryIO, page: TiffPage) -> None:
        size = (page.width, page.height) if page.orientation < 5 else (page.height, page.width)
        super().__init__(*size, page.is_grey, has_alpha=page.has_alpha)
        self._stream, self._page = stream, page

    def profile(self) -> bytes:
        return self._page.profile

    def load(self, input_format: InputFormat) -> Image.Image:
        self._stream.seek(0)
        picture = TiffImageFile(io.BytesIO(self._stream.read()))  # libtiff would read a file behind Python's back
        picture.seek(self._page.index)
        picture.load()
        return picture.convert("LA") if picture.mode == "La" else picture


def open_tiff(stream: BinaryIO, frame: Frame | None) -> OpenedPicture:
    """A TIFF, or one page of several."""
    pages = pages_of(stream)
    if not pages or pages[0].is_raw:
        raise NotRead("is a raw photograph of a camera, or a preview of one, which cnncli does not read")
    page = pages[chosen_frame(frame, len(pages), "a TIFF", "pages")]
    _require_sound(page, stream)
    return _PlainTiff(stream, page) if is_plain(page) else open_deep(stream, page)


def is_plain(page: TiffPage) -> bool:
    """Whether Pillow reads the page as it is meant."""
    samples, extra = COLORS[page.photometric], len(page.bits) - COLORS[page.photometric]
    if page.is_big_endian_bigtiff or page.sample_format != 1 or len(set(page.bits)) > 1 or page.predictor > 2:
        return False
    if page.bits[0] != 8:
        packed = page.photometric in (0, 1, 3) and not extra
        return packed and (page.bits[0] == 1 or (page.bits[0] in (2, 4) and page.compression in _PACKED))
    if page.planar == 2 and (extra or page.photometric not in (2, 5)):
        return False
    if page.photometric == 6 and page.compression == 1:
        return page.subsampling[:2] == (1, 1)
    jpeg = page.compression == _JPEG and samples + extra in (1, 3)
    return (page.compression in _PACKED or jpeg) and (extra == 0 or page.photometric in (0, 1, 2))


def _require_sound(page: TiffPage, stream: BinaryIO) -> None:
    """Refuses a page whose tags contradict each other or the file, before a library follows them."""
    colors = COLORS.get(page.photometric)
    if colors is None:
        raise NotRead(f"is a TIFF of an unusual kind (photometric interpretation {page.photometric})")
    if page.pictures > 1:
        raise NotRead(f"is a TIFF that holds {page.pictures} pictures in one page, which cnncli does not read")
    if len(page.bits) < colors:
        raise ValueError(f"it declares {len(page.bits)} samples of {colors}")
    if page.photometric < 2 and len(page.bits) > 1 + page.has_alpha:
        raise NotRead(f"is a TIFF of {len(page.bits)} channels that does not say which colours they are")
    width, height = page.block
    if min(width, height) < 1 or width * height > max(_LARGEST_BLOCK, page.width * page.height):
        raise ValueError(f"it declares tiles of {width}×{height} pixels")
    blocks = -(-page.width // width) * -(-page.height // height) * (len(page.bits) if page.planar == 2 else 1)
    if len(page.offsets) < blocks or len(page.counts) < blocks:
        raise ValueError(f"it declares {len(page.offsets):,} parts and needs {blocks:,}")
    if page.end > stream.seek(0, os.SEEK_END):
        raise CutOff
