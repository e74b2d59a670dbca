"""PNGs of every colour type and depth, written by hand: of these pixels, whatever a reader makes of them."""

from __future__ import annotations

import struct
import zlib

import numpy as np

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Numbers of a pixel by colour type: grey, colour, palette, grey with alpha, colour with alpha."""

DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits of a number by colour type: all that the format has."""

_PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png: bytes, *chunks: bytes, behind: bool = False) -> bytes:
    """The PNG with these chunks behind its header, or behind its pixels."""
    at = len(png) - 12 if behind else 33
    return png[:at] + b"".join(chunks) + png[at:]


def png(values: np.ndarray, bits: int, kind: int, *, key=None, palette=None, interlaced: bool = False) -> bytes:
    """A PNG of numbers `(height, width, channels)`.

    `key` is the transparent value; of a palette `(colors, 3)` the alpha of each colour.
    """
    height, width, _ = values.shape
    parts = [values[y::down, x::right] for y, x, down, right in _PASSES] if interlaced else [values]
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    chunks = [chunk(b"IHDR", header)]
    if palette is not None:
        chunks.append(chunk(b"PLTE", np.uint8(palette).tobytes()))
    if key is not None:
        chunks.append(chunk(b"tRNS", bytes(key) if palette is not None else np.array(key, ">u2").tobytes()))
    rows = b"".join(_rows(part, bits) for part in parts if part.size)
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])


def _rows(values: np.ndarray, bits: int) -> bytes:
    flat = values.reshape(len(values), -1)
    if bits == 16:
        packed = flat.astype(">u2").view(np.uint8).reshape(len(flat), -1)
    else:
        ones = flat[:, :, None] >> np.arange(bits - 1, -1, -1) & 1  # (height, numbers, bits)
        packed = np.packbits(ones.astype(np.uint8).reshape(len(flat), -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)


def seen(values: np.ndarray, bits: int, kind: int, key=None, palette=None) -> np.ndarray:
    """What it shows on white: exact numbers from 0 to 255, `(height, width, 3)`."""
    white = 2**bits - 1
    alpha = values[:, :, -1:] / white if kind in (4, 6) else np.ones((*values.shape[:2], 1))
    colors = np.broadcast_to(values[:, :, : 3 if kind in (2, 6) else 1] / white, (*values.shape[:2], 3))
    if palette is not None:
        colors = np.float64(palette)[values[:, :, 0]] / 255
        alphas = np.ones(len(palette))
        alphas[: len(key or ())] = np.float64(key or ()) / 255
        alpha = alphas[values]
    elif key is not None:
        alpha = (values != key).any(axis=2, keepdims=True)
    return 255 + (colors - 1) * alpha * 255
