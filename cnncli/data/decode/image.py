"""Reading an image file into an array."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from cnncli.data.decode.cut_off import damage
from cnncli.data.decode.formats import HEAD, Format, format_of, remedy
from cnncli.data.decode.input_format import InputFormat, fitted
from cnncli.data.decode.orientation import ON_ITS_SIDE
from cnncli.data.decode.other_files import other_file
from cnncli.data.decode.profiles import to_srgb
from cnncli.data.decode.readers import DeepPixels, NotRead, OpenedPicture, open_picture
from cnncli.data.decode.white import HIDDEN, WHITE, eight_bits
from cnncli.data.files import open_file
from cnncli.errors import DataError

MAX_PIXELS = 50_000_000
"""Width times height above which an image is refused before it is decoded: a file of 400 kB can unpack to 1.2 GB."""

_ANY = InputFormat(1, 1, 1)
_SMALL = InputFormat(64, 64, 1)
_TOO_MANY = f": more than {MAX_PIXELS // 1_000_000} million"


def read_image(source: Path | bytes, input_format: InputFormat, name: str = "") -> np.ndarray:
    """Reads one image as a model takes it; see `read`."""
    return read(source, input_format, name).pixels


@dataclass(frozen=True)
class ReadImage:
    """An image as a model takes it.

    Args:
        pixels: uint8, shape `(height, width, channels)`.
        was_hidden: Whether the file calls every pixel transparent, which is not believed.
    """

    pixels: np.ndarray
    was_hidden: bool


def read(source: Path | bytes, input_format: InputFormat, name: str = "") -> ReadImage:
    """Reads one image as a model takes it.

    Any format in `formats.FORMATS` that has a reader, whatever the file is called. The orientation that a camera noted
    is applied, transparent pixels are laid on white, 16 bits become 8, inks become colours, of an animation the first
    frame is taken. Then colour becomes grey (ITU-R 601) or grey becomes colour, and last the image is brought to the
    size, antialiased; an image that has the size already keeps its very bytes. Colour profiles are not applied unless
    the format says so: the numbers in the file are what counts, as with the libraries that train models elsewhere.

    Args:
        source: A file, or the contents of one.
        input_format: Size and colour of the result.
        name: What messages call the image; the path when empty.

    Raises:
        DataError: There is no such file or it is not an image that can be read; it names the file and says what
            it is instead.
    """
    if isinstance(source, bytes):
        picture = _decoded(io.BytesIO(source), name or "the image", input_format)
    else:
        with open_file(source, name) as stream:
            picture = _decoded(stream, name or str(source), input_format)
    return _fit(picture, input_format)


def size_of(path: Path, input_format: InputFormat = _ANY) -> tuple[int, int]:
    """Height and width of an image file, the right way up; nothing is decoded."""
    with open_file(path) as stream:
        try:
            kind = format_of(stream.read(HEAD), path.suffix.lower())
            picture = open_picture(kind, stream, input_format.frame)  # type: ignore[arg-type]  # None fails like damage
            on_its_side = picture.turn() in ON_ITS_SIDE
        except Exception:
            read_image(path, input_format)  # says what is wrong with it
            raise
    return (picture.width, picture.height) if on_its_side else (picture.height, picture.width)


def fit_pixels(pixels: np.ndarray, input_format: InputFormat) -> np.ndarray:
    """Brings pixels, uint8 `(height, width, 1 or 3)`, to the size and colour of a format, as `read_image` does."""
    return _fit(Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels), input_format).pixels


def fit_picture(picture: Image.Image | DeepPixels, input_format: InputFormat, name: str) -> np.ndarray:
    """Brings a picture of Pillow's in any mode, or numbers, to a format, as `read_image` does with an upright file.

    Returns:
        uint8, shape `(height, width, channels)`.

    Raises:
        DataError: It has values that are not from black to white, or nothing says which value is white.
    """
    profile = picture.info.get("icc_profile") or b"" if isinstance(picture, Image.Image) else b""
    return _fit(_in_bytes(picture, profile, input_format, name), input_format).pixels


def _fit(picture: Image.Image, input_format: InputFormat) -> ReadImage:
    opaque, was_hidden = _flattened(picture)
    mode = "L" if input_format.channels == 1 else "RGB"
    fit = fitted(opaque if opaque.mode == mode else opaque.convert(mode), input_format)  # converting would copy
    return ReadImage(np.array(fit).reshape(input_format.shape), was_hidden)


def brightest(path: Path, reading: InputFormat) -> tuple[float, float]:
    """The greatest number of an image file and the white of its format, which is infinite where it does not say.

    Of `reading` only the frame of a stack counts.

    Raises:
        DataError: It cannot be read.
    """
    with open_file(path) as stream:
        _, pixels = _loaded(stream, str(path), replace(_SMALL, frame=reading.frame))
    if isinstance(pixels, DeepPixels):
        return float(pixels.values.max()), pixels.white or float("inf")
    bands = pixels.convert("RGB").getextrema()
    return float(max(high for _, high in bands)), WHITE  # type: ignore[misc]


def read_opened(
    opened: OpenedPicture, kind: Format, stream: BinaryIO, input_format: InputFormat, name: str
) -> ReadImage:
    """Reads an image whose header was read before, as `read` does."""
    return _fit(_upright(opened, _load(opened, kind, stream, input_format, name), input_format, name), input_format)


def _decoded(stream: BinaryIO, name: str, input_format: InputFormat) -> Image.Image:
    """The first frame, the right way up, in 8 bits and whatever mode the file has."""
    return _upright(*_loaded(stream, name, input_format), input_format, name)


def _upright(
    opened: OpenedPicture, pixels: Image.Image | DeepPixels, input_format: InputFormat, name: str
) -> Image.Image:
    """What a reader found, the right way up, in 8 bits and whatever mode the file has."""
    profile = opened.profile() if input_format.icc == "srgb" else b""
    picture = _in_bytes(pixels, profile, input_format, name)
    turn = opened.turn()  # only now: a PNG may tell it behind its pixels
    return picture if turn is None else picture.transpose(turn)


def _in_bytes(pixels: Image.Image | DeepPixels, profile: bytes, input_format: InputFormat, name: str) -> Image.Image:
    """A picture of 8 bits, in sRGB if the format asks for it."""
    picture = eight_bits(pixels, input_format.white, name)
    return to_srgb(picture, profile) if input_format.icc == "srgb" else picture


def _loaded(stream: BinaryIO, name: str, input_format: InputFormat) -> tuple[OpenedPicture, Image.Image | DeepPixels]:
    """The file, opened by its reader, and its first frame as the reader gives it."""
    head = stream.read(HEAD)
    kind = format_of(head) or format_of(head, Path(name).suffix.lower())
    if kind is None:
        raise DataError(f"{name} is {other_file(head)}")
    try:
        opened = open_picture(kind, stream, input_format.frame)
        if min(opened.width, opened.height) < 1:
            raise ValueError(f"it declares {opened.width}×{opened.height} pixels")
        if opened.width * opened.height > MAX_PIXELS:
            raise DataError(f"{name} is {kind.words} of {opened.height}×{opened.width} pixels{_TOO_MANY}")
    except Exception as error:  # a broken file can make a parser raise nearly anything
        raise _as_data_error(error, kind, stream, name) from error
    return opened, _load(opened, kind, stream, input_format, name)


def _load(
    opened: OpenedPicture, kind: Format, stream: BinaryIO, input_format: InputFormat, name: str
) -> Image.Image | DeepPixels:
    """The first frame as the reader gives it."""
    try:
        return opened.load(input_format)
    except Exception as error:
        raise _as_data_error(error, kind, stream, name) from error


def _as_data_error(error: Exception, kind: Format, stream: BinaryIO, name: str) -> Exception:
    """Why a file is not read, as a DataError; a lack of memory stays what it is."""
    if isinstance(error, DataError | MemoryError):
        return error
    if isinstance(error, NotRead):
        return DataError(f"{name} {error.fact}", error.remedy or remedy(kind, error.extra, name))
    if isinstance(error, Image.DecompressionBombError):  # some plugins look at the size themselves
        return DataError(f"{name} is {kind.words}{_TOO_MANY}")
    return DataError(f"{name} {damage(kind.name, stream, error)}")


def _flattened(picture: Image.Image) -> tuple[Image.Image, bool]:
    """The picture on white, and whether it is transparent everywhere.

    Then it keeps its colours: its alpha was never meant, such as the fourth byte of a BMP.
    """
    if not picture.has_transparency_data:
        return picture, False
    picture = picture.convert("RGBA")
    if picture.getchannel("A").getextrema()[1] <= HIDDEN:  # type: ignore[operator]
        return picture, True
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture), False
