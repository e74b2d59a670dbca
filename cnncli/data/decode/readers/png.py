"""PNG, read by Pillow with the bits, the transparent values and the long texts that it does not take as they are."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import MAX_TEXT_CHUNK, PngImageFile

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.orientation import turn_of, turn_told_by
from cnncli.data.decode.profiles import profile_of
from cnncli.data.decode.readers import DeepPixels, OpenedPicture
from cnncli.data.decode.readers.pillow import PillowFile

_SIGNATURE = 8  # bytes before the first chunk
_WHITE = 65535
_BIT_DEPTH = 24  # place of the bit depth in a file; the colour type follows
_NO_PIXELS = b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
_TELLING = (b"eXIf", *_TEXTS)  # chunks that may say which way up it is
_MOST_TEXT = 16 * MAX_TEXT_CHUNK  # bytes of all texts that are kept
_LOW_BYTES = {2: "RGB;16L", 6: "RGBA;16L"}  # Pillow's names of layouts in which these are the upper ones


class _PngFile(PillowFile):
    picture: PngImageFile

    def __init__(self, picture: PngImageFile, stream: BinaryIO, whole: BinaryIO, bits: int, color_type: int) -> None:
        super().__init__(picture, stream)
        self.is_grey, self.traits = color_type in (0, 4), ("sixteen-bit",) * (bits == 16) + self.traits
        self._whole = whole  # with the long texts and profiles
        self._bits, self._color_type = bits, color_type
        self._is_loaded = False

    def profile(self) -> bytes:
        """Its profile, or that of the space it names; long ones too."""
        profile = b""
        for kind, start, length in _chunks(self._whole):
            if kind == b"cICP":
                return profile_of(*_with_frame(self._whole, start, length)[8:10])
            if kind == b"iCCP":
                profile = _unpacked(kind, _with_frame(self._whole, start, length)[8:-4], _MOST_TEXT)
            if kind == b"IDAT":
                break
        return profile

    def turn(self) -> Image.Transpose | None:
        """What puts it upright; it may be told behind the pixels, which are passed over."""
        if self._is_loaded:
            return turn_of(self.picture)
        if all(kind not in _TELLING for kind, _, _ in _chunks(self._stream)):
            return None
        # Not its own getexif, which decodes where it finds nothing
        return turn_told_by(lambda: Image.Image.getexif(PngImageFile(io.BytesIO(_without_pixels(self._stream)))))

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The first frame; of 16 bits an array."""
        try:
            pixels = self._decoded()
        except ValueError:  # which a long text behind the pixels raises, too
            self._stream = _without_long_texts(self._stream)
            self.picture = PngImageFile(self._stream)
            pixels = self._decoded()
        self._is_loaded = True
        return pixels

    def _decoded(self) -> Image.Image | DeepPixels:
        if self._bits == 16:
            return self._deep_pixels()
        self.picture.load()
        if self._color_type in (0, 2) and "transparency" in self.picture.info:
            self.picture.info["transparency"] = _in_bytes(self.picture.info["transparency"], self._bits)
        return self.picture

    def _deep_pixels(self) -> DeepPixels:
        """All 16 bits, although Pillow has modes for grey alone: colour is decoded twice, for its two bytes."""
        if self._color_type == 4:
            self._lay_out(self.picture, "RGBA")
        self.picture.load()
        values = np.asarray(self.picture)
        if self._color_type == 4:  # (height, width, bytes of grey and of alpha)
            values = values.view(">u2")
        elif self._color_type in _LOW_BYTES:
            self._stream.seek(0)
            low = PngImageFile(self._stream)
            self._lay_out(low, _LOW_BYTES[self._color_type])
            values = values.astype(np.uint16) << 8 | np.asarray(low)
        values = values.astype(np.uint16).reshape(*values.shape[:2], -1)  # (height, width, channels)
        if self._color_type in (4, 6):
            return DeepPixels(values[:, :, :-1], _WHITE, values[:, :, -1] / _WHITE)
        key = self.picture.info.get("transparency")
        return DeepPixels(values, _WHITE, None if key is None else (values != key).any(axis=2).astype(np.float32))

    @staticmethod
    def _lay_out(picture: PngImageFile, layout: str) -> None:
        picture.tile = [tile._replace(args=layout) for tile in picture.tile]


def open_png(stream: BinaryIO) -> OpenedPicture:
    """A PNG."""
    stream.seek(_BIT_DEPTH)
    kind = stream.read(2)  # before the stream reads on
    stream.seek(0)
    shorter = stream
    try:
        picture = PngImageFile(stream)
    except ValueError:
        shorter = _without_long_texts(stream)
        picture = PngImageFile(shorter)
    return _PngFile(picture, shorter, stream, *kind)


def _without_long_texts(stream: BinaryIO) -> BinaryIO:
    """A copy of a PNG without the texts and the profile that Pillow takes for an attack by their length.

    Nothing is unpacked beyond that length. A text whose checksum is wrong stays: the file is damaged.
    """
    kept, texts = [_start(stream)], 0
    for kind, start, length in _chunks(stream):
        data = _with_frame(stream, start, length)
        if kind in _TEXTS and zlib.crc32(data[4:-4]) == int.from_bytes(data[-4:]):
            size = max(length, len(_unpacked(kind, data[8:-4], MAX_TEXT_CHUNK + 1)))
            texts += size
            if size > MAX_TEXT_CHUNK or texts > _MOST_TEXT:
                continue
        kept.append(data)
    return io.BytesIO(b"".join(kept))


def _in_bytes(key: int | tuple[int, ...], bits: int) -> int | tuple[int, ...]:
    """The grey or colour that a PNG calls transparent, as its pixels have it once they are 0…255."""
    if isinstance(key, tuple):
        return tuple(value & 255 for value in key)
    return key if bits == 1 else (key & (2**bits - 1)) * 255 // (2**bits - 1)


def _unpacked(kind: bytes, body: bytes, most: int) -> bytes:
    """The first bytes of a packed text or profile; empty for what is not packed or is damaged."""
    parts = body.split(b"\0", 1)
    if kind == b"tEXt" or len(parts) < 2:
        return b""
    packed = parts[1][1:]
    if kind == b"iTXt":
        packed = parts[1][2:].split(b"\0", 2)[-1] if parts[1][:1] == b"\1" else b""
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return b""


def _without_pixels(stream: BinaryIO) -> bytes:
    """A PNG with everything that it says of its first frame, and no pixels."""
    kept, behind = [_start(stream)], False
    for kind, start, length in _chunks(stream):
        if kind == b"IEND" or (behind and kind == b"fcTL"):  # another frame
            break
        behind = behind or kind == b"IDAT"
        if kind != b"IDAT":
            kept.append(_with_frame(stream, start, length))
    return b"".join(kept) + _NO_PIXELS


def _start(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read(_SIGNATURE)


def _with_frame(stream: BinaryIO, start: int, length: int) -> bytes:
    """A whole chunk: length, kind, data and checksum."""
    stream.seek(start)
    return stream.read(length + 12)


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of the data of each chunk; the stream may be used between them."""
    start = _SIGNATURE
    while True:
        stream.seek(start)
        head = stream.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[:4])
        yield head[4:], start, length
        start += length + 12
