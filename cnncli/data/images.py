"""Image files: finding them, reading one into an array, and what the brightness of many says."""

from __future__ import annotations

import io
import re
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from cnncli.data import formats
from cnncli.errors import DataError

MAX_PIXELS = 50_000_000
"""Width times height above which an image is refused before it is decoded: a file of 400 kB can unpack to 1.2 GB."""

# The readers are called by their classes, not through Image.open: no other format can be reached, the first frame is
# all that is looked at, and a picture of too many pixels still tells its size.
_READERS: dict[str, Callable[[BinaryIO], ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
    "WEBP": WebPImageFile,
}

# Pillow warns of EXIF that it cannot parse and of large frames in a GIF. The first does not matter here and the second
# is refused below. A filter for good, because `catch_warnings` is not safe where several threads read.
for _category in (UserWarning, Image.DecompressionBombWarning):
    warnings.filterwarnings("ignore", category=_category, module=r"PIL\.")

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(source: Path | bytes, height: int, width: int, channels: int, name: str = "") -> np.ndarray:
    """Read one image as a model wants it.

    JPEG, PNG, GIF, BMP and WebP, whatever the file is called. The orientation that a camera noted is applied,
    transparent pixels are laid on white, 16 bits become 8, of an animation the first frame is taken. Then colour
    becomes grey (ITU-R 601) or grey becomes colour, and last the image is stretched to the size, bilinear and
    antialiased; an image that has the size already keeps its very bytes.

    Args:
        source: a file, or the contents of one.
        height: wanted, in pixels.
        width: wanted, in pixels.
        channels: 1 for grey, 3 for red, green and blue.
        name: what messages call the image; the path when empty.

    Returns:
        uint8, shape `(height, width, channels)`.

    Raises:
        DataError: when there is no such file or it is not an image that can be read; it names the file and says what
            it is instead.
    """
    if isinstance(source, bytes):
        picture = _decoded(io.BytesIO(source), name or "the image")
    else:
        with _opened(source, name or str(source)) as stream:
            picture = _decoded(stream, name or str(source))
    picture = _flattened(picture, "L" if channels == 1 else "RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.array(picture).reshape(height, width, channels)


def _opened(path: Path, name: str) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise DataError(f"{name} is a folder, not an image")
        if not stat.S_ISREG(mode):  # opening a FIFO would wait for somebody to write to it
            kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
            raise DataError(f"{name} is {kind}, not an image")
        return path.open("rb")
    except FileNotFoundError:
        problem = "is a link to a file that does not exist" if path.is_symlink() else "does not exist: no such file"
    except PermissionError:
        problem = "cannot be read: it is not permitted to you"
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        problem = f"cannot be opened: {getattr(error, 'strerror', None) or error}"
    raise DataError(f"{name} {problem}")


def _decoded(stream: BinaryIO, name: str) -> Image.Image:
    """The first frame with its pixels loaded, the right way up, in whatever mode the file has."""
    head = stream.read(formats.HEAD)
    if not head:
        raise DataError(f"{name} is empty")
    kind = formats.format_of(head)
    if not kind:
        raise DataError(f"{name} is {formats.description(head)}")
    stream.seek(0)
    try:
        picture = _READERS[kind](stream)
        if picture.width * picture.height > MAX_PIXELS:
            raise DataError(_too_large(name, f"{kind} of {picture.width}×{picture.height} pixels"))
        picture.load()
        return _upright(picture)
    except (DataError, MemoryError):
        raise
    except Image.DecompressionBombError as error:  # some plugins look at the size themselves
        raise DataError(_too_large(name, kind)) from error
    except Exception as error:  # a broken file can make a parser raise nearly anything
        if formats.is_cut_off(kind, stream):
            raise DataError(f"{name} is cut off: the end of the {kind} is missing") from error
        raise DataError(f"{name} is a damaged {kind}: {error}") from error


def _too_large(name: str, kind: str) -> str:
    return f"{name} is a {kind}: more than {MAX_PIXELS // 1_000_000} million"


def _upright(picture: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # EXIF that cannot be parsed tells no orientation; the pixels are good all the same
        return picture
    return picture if turn is None else picture.transpose(turn)


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


def find_images(folder: Path) -> list[Path]:
    """All image files in a folder and the folders in it.

    A file counts when its name or its first bytes say that it is an image, so a broken `.jpg` is found (and reported
    when it is read) as well as an image without a suffix. Hidden files and folders and `__MACOSX` are passed over.
    Links are followed, but no folder is visited twice.

    Returns:
        Paths that begin with `folder`, in the order in which people count: `img2.png` before `img10.png`.

    Raises:
        DataError: when the folder, or one in it, cannot be listed.
    """
    found: list[Path] = []
    visited: set[tuple[int, int]] = set()
    pending, linked = [folder], list[Path]()
    while pending or linked:
        # Links last: files are then named by where they really are.
        current = pending.pop() if pending else linked.pop()
        for path in _inside(current, visited):
            if path.name.startswith(".") or path.name == "__MACOSX":
                continue
            if path.is_dir():
                (linked if path.is_symlink() else pending).append(path)
            elif _looks_like_image(path):
                found.append(path)
    return sorted(found, key=_counting)


def _inside(folder: Path, visited: set[tuple[int, int]]) -> list[Path]:
    """What is in a folder; nothing when it was visited before."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in visited:
            return []
        visited.add((status.st_dev, status.st_ino))
        return sorted(folder.iterdir())
    except FileNotFoundError:
        problem = "does not exist: no such folder"
    except NotADirectoryError:
        problem = "is a file, not a folder"
    except OSError as error:
        problem = f"cannot be listed: {error.strerror}"
    raise DataError(f"{folder} {problem}")


def _looks_like_image(path: Path) -> bool:
    if path.suffix.lower() in formats.READ_SUFFIXES | formats.OTHER_SUFFIXES:
        return True
    try:
        with _opened(path, "") as stream:
            head = stream.read(formats.HEAD)
    except (DataError, OSError):  # no image by its name, and its contents cannot be asked
        return False
    return bool(formats.format_of(head)) or formats.is_other_image(head)


def _counting(path: Path) -> tuple[list[tuple[str, int]], str]:
    """A sort key that takes digits as numbers; the text itself decides between `a1` and `a01`."""
    pieces = re.findall(r"(\D*)(\d*)", str(path))
    return [(text.casefold(), int(digits or -1)) for text, digits in pieces], str(path)


@dataclass(frozen=True)
class PixelFacts:
    """How bright the images of a training set are, 0 (black) to 255 (white).

    Args:
        mean: of all pixels.
        border_mean: of the outermost ring of pixels.
        border_std: standard deviation, over the images, of the brightness of each image's border; small where all
            have the same background.
    """

    mean: float
    border_mean: float
    border_std: float


def border_brightness(image: np.ndarray) -> float:
    """The mean, 0…255, of the outermost ring of pixels of an image of shape `(height, width, channels)`."""
    return float(_borders(image[None])[0])


def pixel_facts(images: np.ndarray) -> PixelFacts:
    """The brightness of images of shape `(samples, height, width, channels)`, from 2,000 evenly spaced ones at most."""
    chosen = images[np.linspace(0, len(images) - 1, min(len(images), 2000)).astype(int)]
    borders = _borders(chosen)
    return PixelFacts(float(chosen.mean()), float(borders.mean()), float(borders.std()))


def _borders(images: np.ndarray) -> np.ndarray:
    """The border brightness of each image, float64, shape `(samples,)`."""
    inner = images[:, 1:-1, 1:-1]
    ring = images.sum(axis=(1, 2, 3), dtype=np.int64) - inner.sum(axis=(1, 2, 3), dtype=np.int64)  # (samples,)
    return ring / (images[0].size - inner[0].size)
