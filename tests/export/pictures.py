"""Image files of many kinds, by their names: functions that write them."""

import struct
import zlib

import numpy as np
from PIL import Image, ImageCms


def gradient(height, width, channels, dtype=np.uint8):
    top = np.iinfo(dtype).max
    values = np.linspace(0, top, height * width * channels).reshape(height, width, channels)
    return np.roll(values, 7, axis=1).astype(dtype)


def _png16(path, pixels):
    """A PNG of 16 bits in colour, which Pillow cannot write."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def _sideways(path, **more):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(gradient(40, 70, 3)).save(path, exif=exif, **more)


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _profiled(path):
    Image.fromarray(gradient(40, 40, 3)).save(path, icc_profile=PROFILE)


FILES = {
    "grey.png": lambda path: Image.fromarray(gradient(30, 20, 1)[:, :, 0]).save(path),
    "color.png": lambda path: Image.fromarray(gradient(30, 20, 3)).save(path),
    "transparent.png": lambda path: Image.fromarray(gradient(30, 20, 4)).save(path),
    "hidden.png": lambda path: Image.fromarray(gradient(9, 9, 4) * np.uint8([1, 1, 1, 0])).save(path),
    "palette.png": lambda path: Image.fromarray(gradient(30, 20, 3)).quantize(16).save(path),
    "keyed.png": lambda path: Image.fromarray(gradient(30, 20, 1)[:, :, 0]).save(path, transparency=100),
    "two.png": lambda path: Image.fromarray(gradient(30, 20, 1)[:, :, 0] > 99).save(path),
    "deep.png": lambda path: Image.fromarray(gradient(30, 20, 1, np.uint16)[:, :, 0]).save(path),
    "deep_color.png": lambda path: _png16(path, gradient(30, 20, 3, np.uint16)),
    "deep_transparent.png": lambda path: _png16(path, gradient(30, 20, 4, np.uint16) | 32768),
    "photo.jpg": lambda path: Image.fromarray(gradient(40, 70, 3)).save(path),
    "large.jpg": lambda path: Image.fromarray(gradient(320, 480, 3)).save(path),
    "sideways.jpg": _sideways,
    "sideways.png": _sideways,
    "inks.jpg": lambda path: Image.fromarray(gradient(40, 70, 3)).convert("CMYK").save(path),
    "grey.jpg": lambda path: Image.fromarray(gradient(40, 70, 1)[:, :, 0]).save(path),
    "still.gif": lambda path: Image.fromarray(gradient(30, 20, 3)).quantize(8).save(path),
    "picture.bmp": lambda path: Image.fromarray(gradient(30, 20, 3)).save(path),
    "picture.webp": lambda path: Image.fromarray(gradient(30, 20, 4)).save(path, lossless=True),
    "profile.jpg": _profiled,
    "profile_sideways.jpg": lambda path: _sideways(path, icc_profile=PROFILE),
    "profile_transparent.png": lambda path: Image.fromarray(gradient(30, 20, 4)).save(path, icc_profile=PROFILE),
}
