"""Pages of TIFFs that Pillow does not read as they are meant: more than 8 bits, signed and floating-point numbers …

tifffile reads the numbers, imagecodecs decompresses them; both belong to the extra `tiff`.
"""

from __future__ import annotations

import io
import logging
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from cnncli.data.decode.formats import format_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.orientation import turn_for
from cnncli.data.decode.readers import DeepPixels, NotRead, OpenedPicture, open_picture, with_extra
from cnncli.data.decode.readers.codestream import declared_by_jpeg
from cnncli.data.decode.readers.tiff_pages import COLORS, TiffPage
from cnncli.data.decode.white import blocks_of_rows, used_white

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it says of odd tags is not for the user

_COMPRESSIONS = {
    1: "",
    2: "CCITT RLE",
    3: "CCITT Group 3",
    4: "CCITT Group 4",
    5: "LZW",
    7: "JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
    34712: "JPEG 2000",
    34925: "LZMA",
    34933: "PNG",
    50000: "Zstandard",
    50001: "WebP",
}
_ENCODED = {7, 34712, 34933, 50001}
"""Compressions whose parts are pictures with a size of their own."""

_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_PALETTE, _CMYK, _YCBCR, _CIELAB = 3, 5, 6, 8
_MOST_BYTES = 1 << 30  # of the numbers of a page or a tile


def open_deep(stream: BinaryIO, page: TiffPage) -> OpenedPicture:
    """A page of any numbers.

    Raises:
        NotRead: The extra is not installed, or neither of its packages reads the page rightly.
    """
    kind = {_SIGNED: "signed ", _FLOAT: "floating-point "}.get(page.sample_format, "")
    fact = f"is a TIFF of {kind}numbers of {page.bits[0]} bits"
    if page.compression not in _COMPRESSIONS:
        raise NotRead(f"is a TIFF with compression {page.compression}, which cnncli does not read")
    if name := _COMPRESSIONS[page.compression]:
        fact += f", compressed with {name}"
    colors = COLORS[page.photometric]
    is_lab = page.photometric == _CIELAB and (page.sample_format == _FLOAT or page.bits[0] not in (8, 16))
    is_ycbcr = page.photometric == _YCBCR and page.compression != 7
    has_inks = page.photometric == _CMYK and len(page.bits) > colors
    if len(set(page.bits)) > 1 or page.sample_format not in (1, 2, 3) or is_lab or is_ycbcr or has_inks:
        raise NotRead("is a TIFF of an unusual kind, which cnncli does not read")
    planes = len(page.bits) if page.planar == 1 else 1
    pixels = max(page.width * page.height * len(page.bits), page.block[0] * page.block[1] * planes)
    if pixels * page.bits[0] // 8 > _MOST_BYTES:
        raise NotRead(
            f"is a TIFF of {page.width}×{page.height} pixels of {len(page.bits)} channels, which is too large"
        )
    with_extra("imagecodecs", fact, "tiff")
    return _DeepTiff(stream, page, with_extra("tifffile", fact, "tiff"))


class _DeepTiff(OpenedPicture):
    """A page that tifffile reads."""

    def __init__(self, stream: BinaryIO, page: TiffPage, tifffile: Any) -> None:
        super().__init__(page.width, page.height, page.is_grey, page.bits[0] > 8, page.has_alpha)
        self._stream, self._page, self._tifffile = stream, page, tifffile

    def profile(self) -> bytes:
        return self._page.profile

    def turn(self) -> Image.Transpose | None:
        return turn_for(self._page.orientation)

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The page, with palettes and CIELAB in 8 bits."""
        page = self._page
        values, palette = self._values()  # (height, width, samples), (3, colors)
        if palette is not None:
            return Image.fromarray(_eight_bits(palette).T[values[:, :, 0]])
        if page.photometric == _CIELAB:
            return _of_lab(values)
        own = 2 ** page.bits[0] - 1 if page.sample_format == _UNSIGNED and page.bits[0] <= 16 else None
        white = used_white(own, input_format.white)
        count = COLORS[page.photometric]
        # Without a white whoever makes 8 bits of it says so
        if white is None or not (page.photometric in (0, _CMYK) or page.has_alpha):
            return DeepPixels(values[:, :, :count], own)
        alpha = np.divide(values[:, :, count], white, dtype=np.float32) if page.has_alpha else None
        meant = np.empty((page.height, page.width, min(count, 3)), np.float32)
        for rows in blocks_of_rows(values):
            colors = values[rows, :, :count].astype(np.float64)
            if page.photometric == 0:
                colors = white - colors
            elif page.photometric == _CMYK:
                colors = (white - colors[:, :, :3]) * (1 - colors[:, :, 3:] / white)
            if alpha is not None and page.extra_samples[:1] == (1,):
                share = alpha[rows, :, None]
                colors = np.minimum(colors / np.where(share > 0, share, 1), white)
            meant[rows] = colors
        return DeepPixels(meant, own, alpha)

    def _values(self) -> tuple[np.ndarray, np.ndarray | None]:
        """All samples, shape `(height, width, samples)`, and the palette where there is one."""
        page = self._page
        self._stream.seek(0)
        data = self._stream.read()
        if page.compression in _ENCODED:
            _require_small_parts(page, data)
        with self._tifffile.TiffFile(io.BytesIO(data)) as file:
            read = file.pages[page.index]
            values = read.asarray(maxworkers=1)
            palette = read.colormap if page.photometric == _PALETTE else None
        if page.planar == 2:
            values = np.moveaxis(values.reshape(len(page.bits), page.height, page.width), 0, 2)
        return values.reshape(page.height, page.width, len(page.bits)), palette


def _require_small_parts(page: TiffPage, data: bytes) -> None:
    """Refuses parts that unpack to more pixels than there is room for: the decoders believe them."""
    for offset, count in zip(page.offsets, page.counts, strict=False):
        part = data[offset : offset + count]
        if page.compression == 7:
            size = declared_by_jpeg(part)[:2]
        elif (kind := format_of(part)) is not None:
            opened = open_picture(kind, io.BytesIO(part))
            size = opened.width, opened.height
        else:
            raise ValueError("a part has another format than it declares")
        if size[0] > page.block[0] or size[1] > page.block[1]:
            raise ValueError(f"a part has {size[0]}×{size[1]} pixels and declares {page.block[0]}×{page.block[1]}")


def _eight_bits(palette: np.ndarray) -> np.ndarray:
    """Colours of 16 bits as uint8; some programs write 8 bits into them."""
    if palette.max() <= 255:
        return palette.astype(np.uint8)
    return ((palette.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _of_lab(values: np.ndarray) -> Image.Image:
    """CIELAB of 8 or 16 bits: lightness, and two signed numbers in steps of 1 or 1/256."""
    if values.dtype.itemsize == 2:
        light = (values[:, :, :1].view(np.uint16).astype(np.uint32) + 128) // 257
        signed = np.clip((values[:, :, 1:].view(np.int16).astype(np.int32) + 128) >> 8, -128, 127)
        values = np.concatenate([light.astype(np.uint8), signed.astype(np.int8).view(np.uint8)], axis=2)
    height, width = values.shape[:2]
    lab = Image.frombytes("LAB", (width, height), np.ascontiguousarray(values).tobytes(), "raw", "LAB")
    return lab.convert("RGB")
