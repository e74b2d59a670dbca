"""Small PNG, JPEG, GIF, BMP and WebP files of every depth and colour, with the pixels that another reader finds.

It is imagecodecs, with libpng, libjpeg-turbo and libwebp. `CELLS` continues the grid of `format_files`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from format_files import HEIGHT, SMOOTH, WIDTH, Cell, bytes_of, of_bits
from PIL import Image
from png_files import CHANNELS, DEPTHS, png

CELLS: dict[str, Callable[[], Cell]] = {}

_PNG_KINDS = {0: "grey", 2: "colour", 3: "palette", 4: "grey with alpha", 6: "colour with alpha"}


def _on_white(pixels: np.ndarray, white: float) -> np.ndarray:
    """What another reader found, `(height, width[, channels])`, as 0…255 on white."""
    pixels = pixels.reshape(HEIGHT, WIDTH, -1) / white
    if pixels.shape[2] in (2, 4):
        alpha = pixels[:, :, -1:]
        pixels = pixels[:, :, :-1] * alpha + 1 - alpha
    return pixels * 255


def _png_cell(kind: int, bits: int, has_key: bool, interlaced: bool) -> Cell:
    values = of_bits(SMOOTH[:, :, : CHANNELS[kind]], bits).astype(int)
    palette = np.random.default_rng(bits).integers(0, 256, (2**bits, 3)) if kind == 3 else None
    key = None if not has_key else [0, 128] if kind == 3 else values[3, 3].tolist()
    plain = png(values, bits, kind, key=key, palette=palette)  # libpng's of interlaced rows needs a flag
    expected = _on_white(imagecodecs.png_decode(plain), 65535 if bits == 16 else 255)
    return Cell(png(values, bits, kind, key=key, palette=palette, interlaced=interlaced), expected)


for _kind, _depths in DEPTHS.items():
    for _bits in _depths:
        for _interlaced in (False, True):
            for _has_key in (False, True) if _kind in (0, 2, 3) else (False,):
                _colors = _PNG_KINDS[_kind] + " with a transparent value" * _has_key
                _name = f"PNG {_bits} {_colors}{' interlaced' * _interlaced}"
                CELLS[_name] = lambda k=_kind, b=_bits, h=_has_key, i=_interlaced: _png_cell(k, b, h, i)


def _saved(mode: str, kind: str, decode: Callable[[bytes], np.ndarray], **options: Any) -> Cell:
    picture = Image.fromarray(bytes_of(SMOOTH).astype(np.uint8)).convert("RGB" if mode == "CMYK" else mode)
    out = io.BytesIO()
    (picture.convert(mode) if mode == "CMYK" else picture).save(out, kind, **options)
    found = decode(out.getvalue()).reshape(HEIGHT, WIDTH, -1)
    if mode == "CMYK":  # Adobe's are inverted: the more, the brighter
        found = found[:, :, :3] * (found[:, :, 3:] / 255)
    elif mode == "RGBA":
        found = _on_white(found, 255)
    return Cell(out.getvalue(), found if mode in ("L", "1") and found.shape[2] == 1 else found[:, :, :3])


CELLS |= {
    "JPEG 8 grey baseline": lambda: _saved("L", "JPEG", imagecodecs.jpeg8_decode),
    "JPEG 8 colour baseline": lambda: _saved("RGB", "JPEG", imagecodecs.jpeg8_decode),
    "JPEG 8 colour progressive": lambda: _saved("RGB", "JPEG", imagecodecs.jpeg8_decode, progressive=True),
    "JPEG 8 inks": lambda: _saved("CMYK", "JPEG", imagecodecs.jpeg8_decode, quality=95),
    "GIF 8 grey": lambda: _saved("L", "GIF", imagecodecs.gif_decode),
    "GIF 8 palette": lambda: _saved("P", "GIF", imagecodecs.gif_decode),
    "BMP 1 grey": lambda: _saved("1", "BMP", imagecodecs.bmp_decode),
    "BMP 8 grey": lambda: _saved("L", "BMP", imagecodecs.bmp_decode),
    "BMP 8 palette": lambda: _saved("P", "BMP", imagecodecs.bmp_decode),
    "BMP 8 colour": lambda: _saved("RGB", "BMP", imagecodecs.bmp_decode),
    "WebP 8 colour lossless": lambda: _saved("RGB", "WEBP", imagecodecs.webp_decode, lossless=True),
    "WebP 8 colour lossy": lambda: _saved("RGB", "WEBP", imagecodecs.webp_decode),
    "WebP 8 colour with alpha": lambda: _saved(
        "RGBA", "WEBP", lambda data: imagecodecs.webp_decode(data, hasalpha=True), lossless=True, exact=True
    ),
}
