"""What one file is: opened once, judged by its first bytes, its header and, when asked for, all of its pixels."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import numpy as np
from PIL import Image

from cnncli.data.decode import formats
from cnncli.data.decode.image import MAX_PIXELS, READERS, fit_pixels, read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.orientation import ON_ITS_SIDE, turn_of_header
from cnncli.data.files import open_file
from cnncli.errors import DataError
from cnncli.wording import size_text

_LARGE = 1 << 30  # bytes; 50 million pixels of 16 bits and four channels take less than half of it
_BYTES = 16  # of a hash of the content
_BLANK = 2  # brightness, of 255, within which a picture shows nothing
_SIDE = 32  # pixels; what a perceptual hash looks at

MINIATURE = 16
"""Side of the miniatures, in pixels."""

_SUFFIXES = {"JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"}, "PNG": {".png"}, "GIF": {".gif"}, "BMP": {".bmp"}}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one file.

    Args:
        problem: the code of what keeps it from being read; `stray-file` for what only lies there; empty for none.
        detail: the end of a sentence that begins with the file's name; empty without a problem.
        kind: `JPEG`, `PNG` …; empty when unknown.
        width: in pixels, the right way up; 0 when unknown.
        height: in pixels.
        grey: whether it is stored without colour.
        traits: codes of what is peculiar: `animated`, `cmyk`, `rotated` …
        content: a hash of all its bytes; empty when only the header was read.
        look: a hash of what it shows, 64 bits; None when it was not decoded, shows nothing, or is smaller
            than 32×32 pixels.
        miniature: 16×16 grey pixels, for a second look at pictures whose `look` is similar.
    """

    problem: str = ""
    detail: str = ""
    kind: str = ""
    width: int = 0
    height: int = 0
    grey: bool = False
    traits: tuple[str, ...] = ()
    content: bytes = b""
    look: int | None = None
    miniature: bytes = b""


def inspect(path: Path, name: str, decode: bool) -> Facts:
    """Look at one file, which may be anything.

    Args:
        path: of the file.
        name: as the source calls it; its suffix says whether it means to be an image.
        decode: read all of it, as training would, and hash what it shows. Otherwise only the header is read, and
            the whole only where the end looks cut off.

    Returns:
        What it is. Nothing is raised, whatever the file is.
    """
    suffix = PurePosixPath(name).suffix.lower()
    means_image = suffix in formats.READ_SUFFIXES | formats.OTHER_SUFFIXES
    try:
        with open_file(path, name) as stream:
            return _of_stream(stream, path, name, means_image, decode)
    except DataError as error:
        return Facts(_unopened(path) if means_image else "stray-file", error.message.removeprefix(f"{name} "))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "there is not enough memory"
        return Facts("unreadable" if means_image else "stray-file", f"cannot be read: {reason}")


def _of_stream(stream: BinaryIO, path: Path, name: str, means_image: bool, decode: bool) -> Facts:
    head = stream.read(formats.HEAD)
    if not head:
        return Facts("empty-file" if means_image else "stray-file", "is empty")
    kind = formats.format_of(head)
    if not kind:
        other = "not-an-image" if means_image else "stray-file"
        suffix = PurePosixPath(name).suffix.lower()
        code = "format-not-read" if formats.is_other_image(head, suffix) else other
        return Facts(code, f"is {formats.description(head, suffix)}")
    if stream.seek(0, io.SEEK_END) > _LARGE:
        return Facts("too-many-pixels", f"is a {kind} file of {size_text(stream.tell())}", kind)
    stream.seek(0)
    if decode:
        stream = io.BytesIO(stream.read())
    facts = _of_header(stream, head, kind, name)
    if facts.problem or not (decode or formats.is_cut_off(kind, stream)):
        return facts
    stream.seek(0)
    return _with_pixels(facts, stream.read(), name)


def _of_header(stream: BinaryIO, head: bytes, kind: str, name: str) -> Facts:
    """Of a file that begins as an image does; nothing is decoded."""
    try:
        picture = READERS[kind](stream)
        width, height = picture.size
    except Image.DecompressionBombError:
        return Facts("too-many-pixels", f"is a {kind} of more than {MAX_PIXELS // 1_000_000} million pixels", kind)
    except Exception as error:  # a broken file can make a parser raise nearly anything
        return _broken(stream, kind, f"is a damaged {kind}: {error}")
    if width * height > MAX_PIXELS:
        return Facts("too-many-pixels", f"is a {kind} of {width}×{height} pixels", kind, width, height)
    grey = picture.mode in ("1", "L", "LA") or picture.mode.startswith("I")
    turn = turn_of_header(picture, stream)
    if turn in ON_ITS_SIDE:
        width, height = height, width
    traits = [*_traits(picture, head, kind, name), *(["rotated"] if turn is not None else [])]
    return Facts("", "", kind, width, height, grey, tuple(traits))


def _with_pixels(facts: Facts, data: bytes, name: str) -> Facts:
    """What all the bytes of an image add to its header."""
    try:
        pixels = read_image(data, _SIDE, _SIDE, 3, name)  # (32, 32, 3)
    except DataError as error:
        return _broken(io.BytesIO(data), facts.kind, error.message.removeprefix(f"{name} "))
    return _with_look(facts, pixels, hashlib.blake2b(data, digest_size=_BYTES).digest())


def of_pixels(image: np.ndarray) -> Facts:
    """What is known of an image in memory: uint8, shape `(height, width, channels)`."""
    height, width, channels = image.shape
    facts = Facts(width=width, height=height, grey=channels == 1)
    content = hashlib.blake2b(image.tobytes(), digest_size=_BYTES).digest()
    return _with_look(facts, fit_pixels(image, InputFormat(_SIDE, _SIDE, 3)), content)


def _with_look(facts: Facts, pixels: np.ndarray, content: bytes) -> Facts:
    """With hashes of content and look; `pixels` has shape `(32, 32, 3)`."""
    small = Image.fromarray(pixels)
    extrema = cast(tuple[tuple[int, int], ...], small.getextrema())  # lowest and highest of each channel
    if all(high - low <= _BLANK for low, high in extrema):  # all that show nothing look the same
        return replace(facts, traits=(*facts.traits, "blank"), content=content)
    if min(facts.width, facts.height) < _SIDE:  # too few to tell apart: 6,812 digits of MNIST made one group
        return replace(facts, content=content)
    import imagehash  # takes a tenth of a second, and headers do without

    grey = small.convert("L")
    look = int.from_bytes(np.packbits(imagehash.phash(grey).hash).tobytes())
    miniature = grey.reduce(_SIDE // MINIATURE).tobytes()
    return replace(facts, content=content, look=look, miniature=miniature)


def _traits(picture: Image.Image, head: bytes, kind: str, name: str) -> list[str]:
    found = []
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in formats.READ_SUFFIXES | formats.OTHER_SUFFIXES and suffix not in _SUFFIXES.get(kind, {".webp"}):
        found.append("wrong-suffix")
    try:
        if getattr(picture, "is_animated", False):
            found.append("animated")
    except Exception:  # a frame that cannot be parsed; the pixels are judged elsewhere
        pass
    if kind == "PNG" and head[24] == 16:
        found.append("sixteen-bit")
    if picture.mode == "CMYK":
        found.append("cmyk")
    if picture.has_transparency_data:
        found.append("transparent")
    return found


def _broken(stream: BinaryIO, kind: str, detail: str) -> Facts:
    if formats.is_cut_off(kind, stream):
        return Facts("truncated", f"is cut off: the end of the {kind} is missing", kind)
    return Facts("damaged", detail, kind)


def _unopened(path: Path) -> str:
    """Why a file could not be opened, as a code."""
    try:
        if path.is_symlink() and not path.exists():
            return "dead-link"
        return "not-a-file" if path.exists() and not path.is_file() else "unreadable"
    except (OSError, ValueError):
        return "unreadable"
