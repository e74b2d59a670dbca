"""Reading an image file into an array."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageChops, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cnncli.data.decode import formats
from cnncli.data.decode.input_format import InputFormat, decode_smaller, fitted
from cnncli.data.decode.orientation import ON_ITS_SIDE, turn_of, turn_of_header
from cnncli.data.files import open_file
from cnncli.errors import DataError

MAX_PIXELS = 50_000_000
"""Width times height above which an image is refused before it is decoded: a file of 400 kB can unpack to 1.2 GB."""

_TOO_MANY = f": more than {MAX_PIXELS // 1_000_000} million"

# The readers are called by their classes, not through Image.open: no other format can be reached, the first frame is
# all that is looked at, and a picture of too many pixels still tells its size.
READERS: dict[str, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "WEBP": WebPImageFile,
}
"""The reader of each format, by the name that `formats.format_of` gives it."""


def read_image(source: Path | bytes, input_format: InputFormat, name: str = "") -> np.ndarray:
    """Reads one image as a model takes it.

    JPEG, PNG, GIF, BMP and WebP, whatever the file is called. The orientation that a camera noted is applied,
    transparent pixels are laid on white, 16 bits become 8, inks become colours, of an animation the first frame is
    taken. Then colour becomes grey (ITU-R 601) or grey becomes colour, and last the image is brought to the size,
    antialiased; an image that has the size already keeps its very bytes. Colour profiles are not applied: the numbers
    in the file are what counts, as it is with the libraries that models are trained with elsewhere.

    Args:
        source: A file, or the contents of one.
        input_format: Size and colour of the result.
        name: What messages call the image; the path when empty.

    Returns:
        uint8, shape `(height, width, channels)`.

    Raises:
        DataError: There is no such file or it is not an image that can be read; it names the file and says what
            it is instead.
    """
    if isinstance(source, bytes):
        picture = _decoded(io.BytesIO(source), name or "the image", input_format)
    else:
        with open_file(source, name) as stream:
            picture = _decoded(stream, name or str(source), input_format)
    return fit_picture(picture, input_format)


def size_of(path: Path) -> tuple[int, int]:
    """Height and width of an image file, the right way up; nothing is decoded."""
    with open_file(path) as stream:
        kind = formats.format_of(stream.read(formats.HEAD))
        stream.seek(0)
        try:
            picture = READERS[kind](stream)
            on_its_side = turn_of_header(picture, stream) in ON_ITS_SIDE
        except Exception:
            read_image(path, InputFormat(1, 1, 1))  # says what is wrong with it
            raise
    return (picture.width, picture.height) if on_its_side else (picture.height, picture.width)


def fit_pixels(pixels: np.ndarray, input_format: InputFormat) -> np.ndarray:
    """Brings pixels, uint8 `(height, width, 1 or 3)`, to the size and colour of a format, as `read_image` does."""
    return fit_picture(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), input_format)


def fit_picture(picture: Image.Image, input_format: InputFormat) -> np.ndarray:
    """Brings a decoded picture to the size and colour of a format; uint8, shape `(height, width, channels)`."""
    fit = fitted(_flattened(picture, "L" if input_format.channels == 1 else "RGB"), input_format)
    return np.array(fit).reshape(input_format.shape)


def _decoded(stream: BinaryIO, name: str, input_format: InputFormat) -> Image.Image:
    """The first frame with its pixels loaded, the right way up, in whatever mode the file has."""
    head = stream.read(formats.HEAD)
    if not head:
        raise DataError(f"{name} is empty")
    kind = formats.format_of(head)
    if not kind:
        raise DataError(f"{name} is {formats.description(head, Path(name).suffix.lower())}")
    stream.seek(0)
    try:
        picture = READERS[kind](stream)
        if picture.width * picture.height > MAX_PIXELS:
            raise DataError(f"{name} is a {kind} of {picture.width}×{picture.height} pixels{_TOO_MANY}")
        if isinstance(picture, JpegImageFile):
            decode_smaller(picture, input_format, turned=turn_of(picture) in ON_ITS_SIDE)
        picture.load()
        turn = turn_of(picture)  # only now: a PNG may tell it behind its pixels
        upright = picture if turn is None else picture.transpose(turn)
        # Pillow takes every JPEG of inks to store them inverted; only Adobe's, which say so, do
        is_plain_ink = kind == "JPEG" and picture.mode == "CMYK" and "adobe" not in picture.info
        return ImageChops.invert(upright) if is_plain_ink else upright
    except (DataError, MemoryError):
        raise
    except Image.DecompressionBombError as error:  # some plugins look at the size themselves
        raise DataError(f"{name} is a {kind}{_TOO_MANY}") from error
    except Exception as error:  # a broken file can make a parser raise nearly anything
        if formats.is_cut_off(kind, stream):
            raise DataError(f"{name} is cut off: the end of the {kind} is missing") from error
        raise DataError(f"{name} is a damaged {kind}: {error}") from error


def _flattened(picture: Image.Image, mode: str) -> Image.Image:
    """The picture without transparency and in this mode, `L` or `RGB`."""
    if picture.mode.startswith("I"):  # 16-bit grey; `convert` would clip it to 255
        picture = _eight_bits(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert(mode)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of 0…65535 as grey of 0…255, rounded; the one value that a PNG may call transparent becomes white."""
    values = np.asarray(picture).astype(np.uint32)  # (height, width)
    eight = (values + 128) // 257
    if "transparency" in picture.info:
        eight[values == picture.info["transparency"]] = 255
    return Image.fromarray(eight.astype(np.uint8))
