"""What one file is: opened once, judged by its first bytes, its header and, when asked for, all of its pixels."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from PIL import Image

from cnncli.data.decode.cut_off import UnreadableImage, is_cut_off
from cnncli.data.decode.formats import HEAD, SUFFIXES, format_of, suffix_of
from cnncli.data.decode.image import OpenedImage, fit_pixels, open_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.orientation import ON_ITS_SIDE
from cnncli.data.decode.profiles import profile_name
from cnncli.data.decode.readers.dicom import DicomFacts
from cnncli.data.files import SMALL, Part, contents_of
from cnncli.data.threads import QUICK_TO_INSPECT, each_in_threads
from cnncli.errors import DataError
from cnncli.notices import Progress
from cnncli.wording import size_text

_AT_A_TIME = 1000  # images between two reports of progress
_LARGE = 1 << 30  # bytes; 50 million pixels of 16 bits and four channels take less than half of it
_BYTES = 16  # length of a hash of the content
_BLANK = 2  # range of brightness, of 255, within which no eye sees a difference
_SIDE = 32  # pixels of the side that a perceptual hash is computed from
_SMALL = InputFormat(_SIDE, _SIDE, 3)

# The 8 lowest frequencies of the cosine transform of 32 values, shape (8, 32)
_COSINES = np.cos(np.pi / _SIDE * np.outer(np.arange(8), np.arange(_SIDE) + 0.5))

MINIATURE = 16
"""Side of the miniatures, in pixels."""


@dataclass(frozen=True, slots=True)
class FileInspection:
    """What is known of one file."""

    problem: str = ""  # code of the finding that keeps it from being read, or `passed-over`; empty for none
    detail: str = ""  # end of a sentence that begins with the file's name; empty without a problem
    kind: str = ""  # `JPEG`, `PNG` …; empty for a file that cannot be read
    width: int = 0  # width in pixels, the right way up, like `height`; 0 when unknown
    height: int = 0
    grey: bool = False  # whether it is stored without colour, or was decoded and shows none
    traits: tuple[str, ...] = ()  # codes of findings about its contents: `blank`, `transparent` …
    profile: str = ""  # name of its colour profile, as `profile_name` has it; empty for none
    brightness: int = 0  # greatest value of 32×32 pixels, 0…255; 0 when only the header was read
    content: bytes = b""  # hash of all its bytes; empty when only the header was read
    look: int | None = None  # perceptual hash of 64 bits; None where not decoded, blank or smaller than 32×32
    miniature: bytes = b""  # 16×16 grey pixels, to compare images whose `look` is similar
    dicom: DicomFacts | None = None  # what the header of a DICOM says; None for other files


def inspect_all(
    total: int, inspect_one: Callable[[int], FileInspection], progress: Progress | None
) -> list[FileInspection]:
    """Inspects a number of images in threads; between reports of progress, Ctrl-C is handled."""
    inspections: list[FileInspection] = []
    for start in range(0, total, _AT_A_TIME):
        end = min(start + _AT_A_TIME, total)
        inspections += each_in_threads(
            lambda number, start=start: inspect_one(start + number),  # type: ignore[misc]
            end - start,
            QUICK_TO_INSPECT,
        )
        if progress:
            progress(end, total)
    return inspections


def inspect_files(
    files: Sequence[tuple[Path | Part, str]],
    decode: bool,
    progress: Progress | None = None,
    reading: InputFormat = _SMALL,
) -> list[FileInspection]:
    """Inspects files, each given as its path and its name, as `inspect` does with one."""
    return inspect_all(len(files), lambda number: inspect(*files[number], decode, reading), progress)


def inspect(path: Path | Part, name: str, decode: bool, reading: InputFormat = _SMALL) -> FileInspection:
    """Inspects one file, which may be anything; nothing is raised. By its suffix, `name` claims to be an image, or not.

    With `decode` all of it is read, as training would, and its pixels are hashed. Otherwise only the header is read,
    and the whole only where the end looks cut off. Of `reading` counts what the numbers mean, and the frame of a stack.
    """
    reading = InputFormat(
        *_SMALL.shape, white=reading.white, icc=reading.icc, frame=reading.frame, window=reading.window
    )
    try:
        with contents_of(path, name, SMALL) as stream:
            return _of_stream(stream, name, decode, reading)
    except DataError as error:
        code = error.code if isinstance(error, UnreadableImage) else "unreadable"
        detail = f"{error.message.removeprefix(f'{name} ')}{f'; {error.hint}' * bool(error.hint)}"
        if isinstance(error, UnreadableImage) and error.is_known:
            return FileInspection(code, detail)
    except (OSError, MemoryError) as error:
        code, reason = "unreadable", getattr(error, "strerror", None) or "there is not enough memory"
        detail = f"cannot be read: {reason}"
    is_named_image = suffix_of(name) in SUFFIXES
    return FileInspection(code if is_named_image else "passed-over", detail)


def _of_stream(stream: BinaryIO, name: str, decode: bool, reading: InputFormat) -> FileInspection:
    kind = format_of(stream.read(HEAD), suffix_of(name))
    if kind and stream.seek(0, io.SEEK_END) > _LARGE:
        large = f"{name} is {kind.words} file of {size_text(stream.tell())}"
        raise UnreadableImage(large, code="too-many-pixels")
    stream.seek(0)
    if decode:
        stream = io.BytesIO(stream.read())
    image = open_image(stream, name, reading.frame)
    inspection = _of_header(image)
    if not decode:
        suspect = is_cut_off(image.kind.name, stream)
        stream.seek(0)
        return _of_stream(stream, name, True, reading) if suspect else inspection
    read = image.read(reading)  # (32, 32, 3)
    if read.was_hidden:
        traits = (*(trait for trait in inspection.traits if trait != "transparent"), "transparent-everywhere")
        inspection = replace(inspection, traits=traits)
    stream.seek(0)
    return _with_look(inspection, read.pixels, hashlib.blake2b(stream.read(), digest_size=_BYTES).digest())


def _of_header(image: OpenedImage) -> FileInspection:
    """What the header of an image shows; nothing is decoded."""
    picture, kind, suffix = image.picture, image.kind, suffix_of(image.name)
    width, height, traits = picture.width, picture.height, picture.traits
    if suffix in SUFFIXES and suffix not in kind.suffixes:
        traits = ("wrong-suffix", *traits)
    if picture.turn() in ON_ITS_SIDE:
        width, height = height, width
    profile = profile_name(picture.profile())
    return FileInspection("", "", kind.name, width, height, picture.is_grey, traits, profile, dicom=image.dicom)


def inspect_pixels(image: np.ndarray) -> FileInspection:
    """Inspects an image in memory: uint8, shape `(height, width, channels)`."""
    height, width, channels = image.shape
    inspection = FileInspection(width=width, height=height, grey=channels == 1)
    content = hashlib.blake2b(image.tobytes(), digest_size=_BYTES).digest()
    return _with_look(inspection, fit_pixels(image, _SMALL), content)


def perceptual_hash(grey: np.ndarray) -> int:
    """A hash of 64 bits that changes little when a picture is saved again, resized or brightened.

    Of the cosine transform of the pixels, uint8 of shape `(32, 32)`, the 8×8 lowest frequencies are compared with their
    median (Zauner 2010, "Implementation and benchmarking of perceptual image hash functions"). The bits are those of
    ImageHash's phash, which takes three times as long.
    """
    frequencies = (_COSINES @ grey @ _COSINES.T).ravel()  # (64,)
    ordered = np.sort(frequencies)
    return int.from_bytes(np.packbits(frequencies > (ordered[31] + ordered[32]) / 2).tobytes())


def _with_look(inspection: FileInspection, pixels: np.ndarray, content: bytes) -> FileInspection:
    """Adds the hashes of content and look; `pixels` has shape `(32, 32, 3)`."""
    small = Image.fromarray(pixels)
    extrema = cast(tuple[tuple[int, int], ...], small.getextrema())  # lowest and highest of each channel
    brightness = max(high for _, high in extrema)
    if all(high - low <= _BLANK for low, high in extrema):  # all blank images look the same
        return replace(inspection, traits=(*inspection.traits, "blank"), brightness=brightness, content=content)
    if np.ptp(pixels.astype(np.int16), axis=2).max() <= _BLANK:
        inspection = replace(inspection, grey=True)
    if min(inspection.width, inspection.height) < _SIDE:  # too few to tell apart: 6,812 digits of MNIST made one group
        return replace(inspection, brightness=brightness, content=content)
    grey = small.convert("L")
    look = perceptual_hash(np.asarray(grey))
    miniature = grey.reduce(_SIDE // MINIATURE).tobytes()
    return replace(inspection, brightness=brightness, content=content, look=look, miniature=miniature)
