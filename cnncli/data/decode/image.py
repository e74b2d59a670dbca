"""Reading an image file into an array."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
from PIL import Image

from cnncli.data.decode.cut_off import UnreadableImage, damage
from cnncli.data.decode.formats import HEAD, Format, format_of, remedy, suffix_of
from cnncli.data.decode.input_format import Frame, InputFormat, fitted
from cnncli.data.decode.orientation import ON_ITS_SIDE
from cnncli.data.decode.other_files import other_file
from cnncli.data.decode.profiles import to_srgb
from cnncli.data.decode.readers import DeepPixels, NoPicture, NotRead, OpenedPicture, open_picture
from cnncli.data.decode.white import HIDDEN, WHITE, eight_bits
from cnncli.data.files import Part, contents_of, open_file
from cnncli.errors import DataError

if TYPE_CHECKING:
    from cnncli.data.decode.readers.dicom import DicomFacts

Result = TypeVar("Result")

MAX_PIXELS = 50_000_000
"""Width times height above which an image is refused before it is decoded: a file of 400 kB can unpack to 1.2 GB."""

_ANY = InputFormat(1, 1, 1)
_SMALL = InputFormat(64, 64, 1)
_TOO_MANY = f": more than {MAX_PIXELS // 1_000_000} million"


@dataclass(frozen=True)
class ReadImage:
    """An image as a model takes it."""

    picture: Image.Image  # of the size and colour of a format
    was_hidden: bool  # whether the file calls every pixel transparent, which is not believed

    @property
    def pixels(self) -> np.ndarray:
        """The picture as uint8, shape `(height, width, channels)`."""
        pixels = np.array(self.picture)
        return pixels if pixels.ndim == 3 else pixels[:, :, None]


def read_image(source: Path | Part | bytes, input_format: InputFormat, name: str = "") -> np.ndarray:
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

    Returns:
        uint8, shape `(height, width, channels)`.

    Raises:
        DataError: There is no such file or it is not an image that can be read; it names the file and says what
            it is instead.
    """
    return _read(source, input_format, name)[0].pixels


def read_bytes(source: Path | Part | bytes, input_format: InputFormat, name: str = "") -> bytes:
    """An image as `read_image` reads it, as bytes row by row: a copy less, where another one follows."""
    return _read(source, input_format, name)[0].picture.tobytes()


def read_sized_image(
    source: Path | Part | bytes, input_format: InputFormat, name: str = ""
) -> tuple[np.ndarray, tuple[int, int]]:
    """An image as `read_image` reads it, and its own height and width, the right way up."""
    read, size = _read(source, input_format, name)
    return read.pixels, size


def _read(source: Path | Part | bytes, input_format: InputFormat, name: str) -> tuple[ReadImage, tuple[int, int]]:
    """An image, and its own height and width, the right way up."""
    stream: BinaryIO
    if isinstance(source, bytes):
        stream, name = io.BytesIO(source), name or "the image"
    else:
        stream, name = contents_of(source, name), name or str(source)
    with stream:
        opened = open_image(stream, name, input_format.frame)
        return opened.read(input_format), opened.size


def size_of(path: Path | Part, input_format: InputFormat = _ANY) -> tuple[int, int]:
    """Height and width of an image file, the right way up; nothing is decoded."""
    with open_file(path) as stream:
        return open_image(stream, str(path), input_format.frame).size


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
    return ReadImage(fit, was_hidden)


def brightest(path: Path | Part, reading: InputFormat) -> tuple[float, float]:
    """The greatest number of an image file and the white of its format, which is infinite where it does not say.

    Of `reading` only the frame of a stack counts.

    Raises:
        DataError: It cannot be read.
    """
    with open_file(path) as stream:
        pixels = open_image(stream, str(path), reading.frame).pixels(_SMALL)
    if isinstance(pixels, DeepPixels):
        return float(pixels.values.max()), pixels.white or float("inf")
    bands = pixels.convert("RGB").getextrema()
    return float(max(high for _, high in bands)), WHITE  # type: ignore[misc]


@dataclass(frozen=True)
class OpenedImage:
    """An image whose header was read, and what messages call it."""

    picture: OpenedPicture
    kind: Format
    stream: BinaryIO
    name: str

    def read(self, input_format: InputFormat) -> ReadImage:
        """Reads it as a model takes it; see `read_image`."""
        pixels = self.pixels(input_format)  # first: the stream is where the reader left it
        profile = self.picture.profile() if input_format.icc == "srgb" else b""
        picture = _in_bytes(pixels, profile, input_format, self.name)
        turn = self.picture.turn()  # only now: a PNG may tell it behind its pixels
        return _fit(picture if turn is None else picture.transpose(turn), input_format)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, the right way up; of a PNG only once it was read, as that may be told behind its pixels."""
        picture = self.picture
        on_its_side = picture.turn() in ON_ITS_SIDE
        return (picture.width, picture.height) if on_its_side else (picture.height, picture.width)

    def pixels(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The first frame as the reader gives it; an UnreadableImage if it is damaged."""
        return _told(self.kind, self.stream, self.name, lambda: self.picture.load(input_format))

    @property
    def dicom(self) -> DicomFacts | None:
        """What the header of a DICOM says; None for other files."""
        return _told(self.kind, self.stream, self.name, self.picture.dicom)


def open_image(stream: BinaryIO, name: str, frame: Frame | None = None) -> OpenedImage:
    """Opens an image by its reader, from the start of the stream; nothing is decoded.

    Raises:
        UnreadableImage: It is not an image that can be read, as far as its header shows.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    kind = format_of(head, suffix_of(name))
    if kind is None:
        code = "not-an-image" if head else "damaged"
        raise UnreadableImage(f"{name} is {other_file(head)}", code=code, is_known=False)
    picture = _told(kind, stream, name, lambda: _with_pixels(open_picture(kind, stream, frame)))
    if picture.width * picture.height > MAX_PIXELS:
        size = f"of {picture.height}×{picture.width} pixels"
        raise UnreadableImage(f"{name} is {kind.words} {size}{_TOO_MANY}", code="too-many-pixels")
    return OpenedImage(picture, kind, stream, name)


def _with_pixels(picture: OpenedPicture) -> OpenedPicture:
    if min(picture.width, picture.height) < 1:
        raise ValueError(f"it declares {picture.width}×{picture.height} pixels")
    return picture


def _in_bytes(pixels: Image.Image | DeepPixels, profile: bytes, input_format: InputFormat, name: str) -> Image.Image:
    """A picture of 8 bits, in sRGB if the format asks for it."""
    picture = eight_bits(pixels, input_format.white, name)
    return to_srgb(picture, profile) if input_format.icc == "srgb" else picture


def _told(kind: Format, stream: BinaryIO, name: str, call: Callable[[], Result]) -> Result:
    """What a reader returns, or an UnreadableImage of what it raises: a broken file can make a parser raise nearly any.

    A function, as a context manager takes as long as finding the header of a JPEG.
    """
    try:
        return call()
    except (DataError, MemoryError):
        raise
    except NotRead as error:
        code = "not-an-image" if isinstance(error, NoPicture) else "format-not-read"
        hint = error.remedy or remedy(kind, error.extra, name)
        raise UnreadableImage(f"{name} {error.fact}", hint, code) from error
    except Image.DecompressionBombError as error:  # some plugins look at the size themselves
        raise UnreadableImage(f"{name} is {kind.words}{_TOO_MANY}", code="too-many-pixels") from error
    except Exception as error:
        raise UnreadableImage(f"{name} {damage(kind.name, stream, error)}") from error


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
