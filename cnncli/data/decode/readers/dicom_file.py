"""A DICOM file up to its pixels: nothing is read beyond its end, nothing unpacked without one."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from cnncli.data.decode.cut_off import CutOff
from cnncli.data.decode.readers import NoPicture, NotRead

MOST_INFLATED = 1 << 29
"""Bytes that a file compressed as a whole may unpack to."""

UNDEFINED = 0xFFFFFFFF
"""The length of what ends where a mark says so."""

_KEYWORDS = (
    *("SOPClassUID", "BurnedInAnnotation", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "ICCProfile"),
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "DoseGridScaling"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "SegmentedRedPaletteColorLookupTableData"),
    *(f"{color}PaletteColorLookupTable{part}" for color in ("Red", "Green", "Blue") for part in ("Descriptor", "Data")),
)

_OVERLAYS = [0x60000010 | number << 17 for number in range(16)]
"""The rows of each overlay that a picture may have."""

_PIXELS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
_DEFLATED = "1.2.840.10008.1.2.1.99"


@dataclass(frozen=True)
class DicomFile:
    """A DICOM file whose elements before the pixels were read."""

    stream: BoundedStream  # the file, unpacked where all of it was compressed
    elements: Any  # pydicom's data set of what `_KEYWORDS` and `_OVERLAYS` name
    syntax: str  # UID of the transfer syntax; empty where the file does not name it
    keyword: str
    kind: str  # value representation of the element with the pixels; empty where the file does not name it
    start: int
    length: int  # bytes of pixels from `start` on, or `UNDEFINED`


class BoundedStream:
    """A stream that never reserves more memory than the file has bytes, and notices a wish for more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, os.SEEK_END)
        self.is_exceeded = False
        stream.seek(0)

    def read(self, size: int = -1) -> bytes:
        """Reads no further than to the end of the file."""
        left = max(0, self.size - self._stream.tell())
        if size > left and (left or size != 8):  # the end is noticed where 8 bytes more are wanted
            self.is_exceeded = True
        return self._stream.read(left if size < 0 else min(size, left))

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Goes to a place, which may lie behind the end."""
        place = self._stream.seek(place, whence)
        self.is_exceeded |= place > self.size
        return place

    def tell(self) -> int:
        """The present place."""
        return self._stream.tell()


@contextmanager
def early_end_told(stream: BoundedStream) -> Iterator[None]:
    """Raises CutOff in place of whatever goes wrong in a block that wanted more than the stream has."""
    stream.is_exceeded = False
    try:
        yield
    except NotRead:
        raise
    except Exception as error:
        if stream.is_exceeded:
            raise CutOff from error
        raise


def read_dicom(stream: BoundedStream, pydicom: Any) -> DicomFile:
    """Reads a file up to its pixels.

    Raises:
        CutOff: It ends before.
        NotRead: It has no pixels, or is too large.
        Exception: Nearly any, when it is damaged.
    """
    pydicom.filereader.read_preamble(stream, force=True)
    stream.is_exceeded = False
    meta = pydicom.filereader.read_dataset(stream, False, True, stop_when=lambda tag, kind, length: tag >> 16 != 2)
    syntax = str(meta.get("TransferSyntaxUID") or "").strip()
    if syntax == _DEFLATED:
        stream = _inflated(stream)
    implicit, little = _encoding(stream, syntax)
    elements = pydicom.filereader.read_dataset(
        stream, implicit, little, stop_when=_is_pixels, specific_tags=[*map(pydicom.tag.Tag, _KEYWORDS), *_OVERLAYS]
    )
    implicit, little = elements.original_encoding  # a wrong statement is noticed
    order, head = "<" if little else ">", stream.read(8)
    if len(head) < 8:
        if stream.is_exceeded or "Rows" in elements:
            raise CutOff
        raise _without_pixels(elements, meta)
    group, number = struct.unpack_from(f"{order}HH", head)
    kind = "" if implicit else head[4:6].decode("latin-1")
    (length,) = struct.unpack(f"{order}I", head[4:] if implicit else stream.read(4))
    keyword = _PIXELS[group << 16 | number]
    if not syntax and length != UNDEFINED:
        syntax = f"1.2.840.10008.1.2{'' if implicit else '.1' if little else '.2'}"
    return DicomFile(stream, elements, syntax, keyword, kind, stream.tell(), length)


def identity_of(elements: Any, keyword: str) -> bytes:
    """A hash of what identifies a patient, an examination or a series; empty where the file does not say."""
    item = elements.get_item(keyword) if keyword in elements else None  # as it is: any letters may be wrong in it
    value = getattr(item, "value", None) or b""
    data = (value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")).strip(b" \0")
    return hashlib.blake2b(data, digest_size=16).digest() if data else b""


def _is_pixels(tag: int, kind: str | None, length: int) -> bool:
    return tag in _PIXELS


def _encoding(stream: BoundedStream, syntax: str) -> tuple[bool, bool]:
    """Whether the elements are without their kind, and little endian: as the file says, or as its first one looks."""
    if syntax:
        return syntax == "1.2.840.10008.1.2", syntax != "1.2.840.10008.1.2.2"
    start = stream.tell()
    head = stream.read(6)
    stream.seek(start)
    return not (head[4:6].isalpha() and head[4:6].isupper()), head[:1] != b"\0"


def _without_pixels(elements: Any, meta: Any) -> NoPicture:
    """What to say of a report, a plan, the directory of a disc."""
    uid = elements.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID")
    name = getattr(uid, "name", "")
    kind = f" ({name})" if name and name != uid else ""
    return NoPicture(f"is a DICOM without pixels{kind}", remedy="leave it out with data.exclude")


def _inflated(stream: BoundedStream) -> BoundedStream:
    """What follows in a file that is compressed from here on.

    Raises:
        NotRead: It unpacks to more than `MOST_INFLATED`.
    """
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    data = unpack.decompress(stream.read(), MOST_INFLATED)
    if unpack.unconsumed_tail:
        raise NotRead(f"is a DICOM that unpacks to more than {MOST_INFLATED >> 20} MB")
    if not unpack.eof:
        raise CutOff
    return BoundedStream(io.BytesIO(data))
