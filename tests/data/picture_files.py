"""Small image files for the tests of this folder, and a hash of all that a folder holds."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def encoded(picture: Image.Image | np.ndarray | int, kind: str = "PNG", **options) -> bytes:
    """An image file's bytes; of a number, a grey image of 4×4 pixels that are all this bright."""
    if isinstance(picture, int):
        picture = np.full((4, 4), picture, np.uint8)
    out = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(out, kind, **options)
    return out.getvalue()


def oriented(png: bytes, orientation: int, behind_pixels: bool = False) -> bytes:
    """A PNG that says how it was held when it was taken, before its pixels or behind them."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = (len(body) - 4).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    at = len(png) - 12 if behind_pixels else 33  # before IEND, or behind IHDR
    return png[:at] + chunk + png[at:]


def put(root: Path, *names: str, start: int = 1) -> None:
    """Writes a PNG under each name, the first of brightness `start`, the next of one more and so on."""
    for brightness, name in enumerate(names, start):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encoded(brightness))


def tree_hash(root: Path) -> str:
    """Changes when any file, folder, link or time of change below the folder does."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        about = f"{path.relative_to(root)} {status.st_mode} {status.st_mtime_ns} {status.st_size}"
        digest.update(os.fsencode(about))
        if path.is_symlink():
            digest.update(os.fsencode(path.readlink()))
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


STORED = {  # how a camera that notes this orientation stores a picture that should be seen upright
    1: lambda seen: seen,
    2: lambda seen: seen[:, ::-1],
    3: lambda seen: seen[::-1, ::-1],
    4: lambda seen: seen[::-1],
    5: lambda seen: seen.T,
    6: lambda seen: np.rot90(seen),
    7: lambda seen: seen[::-1, ::-1].T,
    8: lambda seen: np.rot90(seen, -1),
}
