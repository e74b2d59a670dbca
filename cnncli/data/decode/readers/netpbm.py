"""Netpbm's formats: PBM, PGM and PPM, in text and in bytes, and PAM.

Pillow reads them too, but in a loop over pixels wherever white is not 255, and no PAM.
"""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np
from PIL import Image

from cnncli.data.decode.cut_off import CutOff
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import DeepPixels, OpenedPicture

_LONGEST_HEADER = 65_536
_TOKEN = re.compile(rb"(?:\s+|#[^\r\n]*[\r\n])*([0-9]{1,10})")
_PIECE = re.compile(rb".{1,1000000}\S*", re.DOTALL)  # numbers that are parsed at a time
_COMMENT = re.compile(rb"#[^\r\n]*")
_PAM_CHANNELS = {"BLACKANDWHITE": 1, "GRAYSCALE": 1, "RGB": 3}


class _NetpbmFile(OpenedPicture):
    """A file whose pixels begin at `start`; `kind` is the digit of its magic number."""

    def __init__(
        self, stream: BinaryIO, kind: int, size: tuple[int, int], channels: int, maximum: int, start: int
    ) -> None:
        if not 0 < maximum < 65536 or min(size) < 1:
            raise ValueError(f"it declares {size[0]}×{size[1]} pixels of 0 to {maximum}")
        super().__init__(*size, channels < 3, maximum > 255, channels in (2, 4))
        self._stream, self._kind, self._channels, self._white, self._start = stream, kind, channels, maximum, start

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        values = self._values()  # (height, width, channels)
        if values.max() > self._white:
            raise ValueError(f"it has the value {values.max()}, and white is {self._white}")
        has_alpha = self._channels in (2, 4)
        alpha = np.divide(values[:, :, -1], self._white, dtype=np.float32) if has_alpha else None
        colors = values[:, :, : 3 if self._channels > 2 else 1]
        if self._white == 255 and alpha is None:
            return Image.fromarray(colors[:, :, 0] if self.is_grey else colors)
        return DeepPixels(colors, self._white, alpha)

    def _values(self) -> np.ndarray:
        """The numbers in the file, in PBM 1 for white, uint8 or uint16, shape `(height, width, channels)`."""
        shape = (self.height, self.width, self._channels)
        count = self.height * self.width * self._channels
        self._stream.seek(self._start)
        if self._kind in (1, 2, 3):
            return self._from_text(count).reshape(shape)
        if self._kind == 4:
            in_row = -(-self.width // 8)
            rows = self._from_bytes(np.dtype(np.uint8), self.height * in_row).reshape(self.height, in_row)
            return 1 - np.unpackbits(rows, axis=1)[:, : self.width, None]
        return self._from_bytes(np.dtype(">u2" if self._white > 255 else np.uint8), count).reshape(shape)

    def _from_bytes(self, dtype: np.dtype, count: int) -> np.ndarray:
        data = self._stream.read(count * dtype.itemsize)
        if len(data) < count * dtype.itemsize:
            raise CutOff(f"it has {len(data):,} bytes of pixels and needs {count * dtype.itemsize:,}")
        return np.frombuffer(data, dtype)

    def _from_text(self, count: int) -> np.ndarray:
        text = _COMMENT.sub(b" ", self._stream.read())
        if self._kind == 1:  # digits may touch each other
            bits = np.frombuffer(b"".join(text.split())[:count], np.uint8)
            if not np.isin(bits, (48, 49)).all():
                raise ValueError("it has other digits than 0 and 1")
            numbers = 49 - bits
        else:
            dtype = np.dtype(np.uint16 if self._white > 255 else np.uint8)
            numbers = np.empty(count, dtype)
            done, place = 0, 0
            while done < count and (piece := _PIECE.match(text, place)):
                tokens = piece[0].split(None, count - done)[: count - done]
                numbers[done : done + len(tokens)] = np.array(tokens, dtype)
                done, place = done + len(tokens), piece.end()
            numbers = numbers[:done]
        if len(numbers) < count:
            raise CutOff(f"it has {len(numbers):,} numbers and needs {count:,}")
        return numbers


def open_netpbm(stream: BinaryIO) -> OpenedPicture:
    """A PBM, PGM, PPM or PAM."""
    head = stream.read(_LONGEST_HEADER)
    kind = head[1] - ord("0")
    if kind == 7:
        return _pam(stream, head)
    numbers, place = [], 2
    for _ in range(2 if kind in (1, 4) else 3):
        token = _TOKEN.match(head, place)
        if token is None:
            raise ValueError("its header is incomplete")
        numbers.append(int(token[1]))
        place = token.end()
    width, height, *maximum = numbers
    channels = 3 if kind in (3, 6) else 1
    return _NetpbmFile(stream, kind, (width, height), channels, maximum[0] if maximum else 1, place + 1)


def _pam(stream: BinaryIO, head: bytes) -> _NetpbmFile:
    end = head.index(b"ENDHDR\n")
    lines = [line.split(None, 1) for line in head[3:end].decode("ascii").splitlines()]
    fields = {line[0]: line[1].strip() for line in lines if len(line) == 2 and line[0][0] != "#"}
    channels = int(fields["DEPTH"])
    kind = fields.get("TUPLTYPE", {1: "GRAYSCALE", 3: "RGB"}.get(channels, ""))
    colors = _PAM_CHANNELS.get(kind.removesuffix("_ALPHA"), 0)
    if channels != colors + kind.endswith("_ALPHA"):
        raise ValueError(f"it has {channels} channels of {kind or 'an unknown kind'}")
    size = (int(fields["WIDTH"]), int(fields["HEIGHT"]))
    return _NetpbmFile(stream, 7, size, channels, int(fields["MAXVAL"]), end + len(b"ENDHDR\n"))
