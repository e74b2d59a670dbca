"""DICOM, read by pydicom and its decoders under the MIT licence: medical images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from cnncli.data.decode.input_format import Frame, InputFormat
from cnncli.data.decode.readers import DeepPixels, NotRead, OpenedPicture, chosen_frame, with_extra
from cnncli.data.decode.readers.dicom_codecs import Layout, decoded, decoder_for
from cnncli.data.decode.readers.dicom_file import (
    BoundedStream,
    DicomFile,
    early_end_told,
    identity_of,
    read_dicom,
)
from cnncli.data.decode.readers.dicom_grey import Table, file_window, grey_pixels, numbers, rule_of, scale_of

_GREY = ("MONOCHROME1", "MONOCHROME2")
_PALETTE = "PALETTE COLOR"
_COLORS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_BITS = {"PixelData": (1, 8, 16, 32), "FloatPixelData": (32,), "DoubleFloatPixelData": (64,)}


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """What the header of a file says that matters for a set of them. Of persons only hashes are kept."""

    photometric: str
    bits: int
    scale: tuple[float, float] | None  # slope and intercept; None for none
    rule: str  # what decides what is black and white unless the spec does; empty for colour and for one bit
    window: tuple[float, float] | None  # center and width of the file; None for none
    is_annotated: bool  # whether it says that text is burned in, or has an overlay
    patient: bytes  # hash of the PatientID; empty where it has none
    series: bytes  # hash of the SeriesInstanceUID; empty where it has none


def open_dicom(stream: BinaryIO, frame: Frame | None) -> DicomPicture:
    """A DICOM, or one frame of several."""
    pydicom = with_extra("pydicom", "is a DICOM image", "dicom")
    bounded = BoundedStream(stream)
    with early_end_told(bounded):
        return DicomPicture(read_dicom(bounded, pydicom), frame, pydicom)


def read_identity(stream: BinaryIO, keyword: str) -> bytes:
    """A hash of the PatientID, or of another element that tells what belongs together; empty for none."""
    bounded = BoundedStream(stream)
    with early_end_told(bounded):
        return identity_of(read_dicom(bounded, with_extra("pydicom", "is a DICOM image", "dicom")).elements, keyword)


class DicomPicture(OpenedPicture):
    """A DICOM whose header was read. It is stored upright."""

    def __init__(self, file: DicomFile, frame: Frame | None, pydicom: Any) -> None:
        self._file, self._pydicom = file, pydicom
        self._layout = layout = _layout_of(file)
        super().__init__(layout.width, layout.height, layout.photometric in _GREY)
        self._decoder = decoder_for(file, layout, pydicom)
        self._index = chosen_frame(frame, layout.frames, "a DICOM")

    def profile(self) -> bytes:
        """Its ICC profile; empty for none."""
        return bytes(self._file.elements.get("ICCProfile") or b"")

    def dicom(self) -> DicomFacts:
        """What the header says."""
        elements, index = self._file.elements, self._index
        is_shown = self.is_grey and self._layout.stored > 1
        window = file_window(elements, index) if is_shown else None
        has_overlay = any(element.tag.group >> 8 == 0x60 for element in elements.values())
        return DicomFacts(
            self._layout.photometric,
            self._layout.stored,
            scale_of(elements, index) if is_shown else None,
            rule_of(elements, index) if is_shown else "",
            None if window is None else (window.center, window.width),
            has_overlay or str(elements.get("BurnedInAnnotation")) == "YES",
            identity_of(elements, "PatientID"),
            identity_of(elements, "SeriesInstanceUID"),
        )

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The frame, in 8 bits unless it has colours of more."""
        elements, little = self._file.elements, self._file.elements.original_encoding[1]
        stored = self._layout.stored
        values = decoded(self._file, self._layout, self._decoder, self._index, self._pydicom)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise NotRead("has pixels that are not finite numbers", remedy="replace NaN and infinite values")
        if self._layout.photometric == _PALETTE:
            return Image.fromarray(_with_palette(values, elements, little))
        if not self.is_grey:
            return Image.fromarray(values) if stored == 8 else DeepPixels(values, 2**stored - 1)
        if stored == 1:
            is_white = values.astype(bool) != (self._layout.photometric == "MONOCHROME1")
            return Image.fromarray(is_white.astype(np.uint8) * 255)
        return Image.fromarray(grey_pixels(values, elements, self._index, input_format.window, little))


def _layout_of(file: DicomFile) -> Layout:
    """How the pixels are stored.

    Raises:
        NotRead: In a way that is not read.
        ValueError: The file contradicts itself, or does not say.
    """
    elements = file.elements
    allocated = whole_number(elements, "BitsAllocated")
    layout = Layout(
        whole_number(elements, "Columns"),
        whole_number(elements, "Rows"),
        whole_number(elements, "SamplesPerPixel", 1),
        allocated,
        min(whole_number(elements, "BitsStored", 0) or allocated, allocated),
        whole_number(elements, "PixelRepresentation", 0) == 1,
        str(elements.get("PhotometricInterpretation") or "").strip(),
        whole_number(elements, "NumberOfFrames", 1) or 1,
        whole_number(elements, "PlanarConfiguration", 0),
    )
    samples = {_PALETTE: 1, **dict.fromkeys(_GREY, 1), **dict.fromkeys(_COLORS, 3)}
    if layout.photometric not in samples:
        raise NotRead(f"is a DICOM with the colours {layout.photometric or 'unknown'}, which cnncli does not read")
    if layout.samples != samples[layout.photometric] or allocated not in _BITS[file.keyword]:
        raise ValueError(f"{layout.photometric} of {layout.samples} × {allocated} bits")
    if min(layout.width, layout.height) < 1:
        raise ValueError(f"it declares {layout.width}×{layout.height} pixels")
    if layout.photometric == _PALETTE and "SegmentedRedPaletteColorLookupTableData" in elements:
        raise NotRead("is a DICOM with a palette in segments, which cnncli does not read")
    if whole_number(elements, "HighBit", layout.stored - 1) != layout.stored - 1 and file.keyword == "PixelData":
        raise NotRead("is a DICOM that keeps its pixels in the upper bits, which cnncli does not read")
    return layout


def whole_number(elements: Any, keyword: str, default: int | None = None) -> int:
    """A whole number of a file; `default` where it is missing."""
    value = numbers(elements, keyword)
    if not value and default is None:
        raise ValueError(f"it lacks {keyword}")
    number = int(value[0]) if value else default
    if number is None or number < 0:
        raise ValueError(f"{keyword} is {number}")
    return number


def _with_palette(stored: np.ndarray, elements: Any, little: bool) -> np.ndarray:
    """The colours of a palette: uint8, shape `(height, width, 3)`; of 16 bits the upper ones."""
    names = [f"{color}PaletteColorLookupTable" for color in ("Red", "Green", "Blue")]
    tables = [Table.of(elements[f"{name}Descriptor"].value, elements[f"{name}Data"].value, little) for name in names]
    is_deep = max(int(table.entries.max()) for table in tables) > 255  # some write 8 bits into 16
    bands = [table.looked_up(stored).astype(np.uint16) >> (8 * is_deep) for table in tables]
    return np.stack(bands, axis=2).astype(np.uint8)
