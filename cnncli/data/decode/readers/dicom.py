"""DICOM, read by pydicom and its decoders under the MIT licence: medical images.

Each kind of compression has one decoder, whatever else is installed, so that the pixels are the same everywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from cnncli.data.decode.cut_off import CutOff
from cnncli.data.decode.input_format import Frame, InputFormat
from cnncli.data.decode.readers import DeepPixels, NotRead, chosen_frame, with_extra
from cnncli.data.decode.readers.codestream import declared_by_jpeg, declared_by_jpeg2000
from cnncli.data.decode.readers.dicom_file import UNDEFINED, BoundedStream, DicomFile, early_end_told, read_dicom
from cnncli.data.decode.readers.dicom_grey import Table, file_window, grey_pixels, numbers, rule_of, scale_of

_GREY = ("MONOCHROME1", "MONOCHROME2")
_PALETTE = "PALETTE COLOR"
_COLORS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_BITS = {"PixelData": (1, 8, 16, 32), "FloatPixelData": (32,), "DoubleFloatPixelData": (64,)}


class _Decoder(NamedTuple):
    """What decodes a transfer syntax.

    Args:
        plugin: What pydicom calls it.
        module: The module that must be there.
        is_jpeg: Whether a frame is a JPEG or JPEG-LS.
        is_jpeg2000: Whether it is a JPEG 2000.
        most_bits: Bits up to which it decodes rightly.
    """

    plugin: str = ""
    module: str = ""
    is_jpeg: bool = False
    is_jpeg2000: bool = False
    most_bits: int = 64


_NATIVE = _Decoder()
_JPEG = _Decoder("pillow", is_jpeg=True, most_bits=8)
_LOSSLESS_JPEG = _Decoder("gdcm", "gdcm", is_jpeg=True)  # python-gdcm, which is too large for the extra
_JPEG_LS = _Decoder("pyjpegls", "jpeg_ls", is_jpeg=True)
_JPEG_2000 = _Decoder("pylibjpeg", "openjpeg", is_jpeg2000=True)
_DECODERS = {
    "1.2.840.10008.1.2": _NATIVE,
    "1.2.840.10008.1.2.1": _NATIVE,
    "1.2.840.10008.1.2.1.99": _NATIVE,
    "1.2.840.10008.1.2.2": _NATIVE,
    "1.2.840.10008.1.2.4.50": _JPEG,
    "1.2.840.10008.1.2.4.51": _JPEG,
    "1.2.840.10008.1.2.4.57": _LOSSLESS_JPEG,
    "1.2.840.10008.1.2.4.70": _LOSSLESS_JPEG,
    "1.2.840.10008.1.2.4.80": _JPEG_LS,
    "1.2.840.10008.1.2.4.81": _JPEG_LS,
    "1.2.840.10008.1.2.4.90": _JPEG_2000,
    "1.2.840.10008.1.2.4.91": _JPEG_2000,
    "1.2.840.10008.1.2.4.201": _JPEG_2000,
    "1.2.840.10008.1.2.4.202": _JPEG_2000,
    "1.2.840.10008.1.2.4.203": _JPEG_2000,
    "1.2.840.10008.1.2.5": _Decoder("pylibjpeg", "rle"),
}
_DECOMPRESS = "decompress it with DCMTK: dcmdjpeg FILE.dcm NEW.dcm"


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """What the header of a file says that matters for a set of them. Of persons only hashes are kept.

    Args:
        photometric: `MONOCHROME1`, `RGB` …
        bits: Bits that are stored of a pixel.
        scale: Slope and intercept; None for none.
        rule: What decides what is black and white unless the spec does; empty for colour and for one bit.
        window: Center and width of the file; None for none.
        is_annotated: Whether it says that text is burned in, or has an overlay.
        patient: Hash of the PatientID; empty where it has none.
        series: Hash of the SeriesInstanceUID; empty where it has none.
    """

    photometric: str
    bits: int
    scale: tuple[float, float] | None
    rule: str
    window: tuple[float, float] | None
    is_annotated: bool
    patient: bytes
    series: bytes


def open_dicom(stream: BinaryIO, frame: Frame | None) -> DicomPicture:
    """A DICOM, or one frame of several."""
    pydicom = with_extra("pydicom", "is a DICOM image", "dicom")
    bounded = BoundedStream(stream)
    with early_end_told(bounded):
        return DicomPicture(read_dicom(bounded, pydicom), frame, pydicom)


class DicomPicture:
    """A DICOM whose header was read."""

    traits: tuple[str, ...] = ()

    def __init__(self, file: DicomFile, frame: Frame | None, pydicom: Any) -> None:
        self._file, self._pydicom, elements = file, pydicom, file.elements
        self.width, self.height = _whole(elements, "Columns"), _whole(elements, "Rows")
        self._samples = _whole(elements, "SamplesPerPixel", 1)
        self._allocated = _whole(elements, "BitsAllocated")
        self._stored = min(_whole(elements, "BitsStored", 0) or self._allocated, self._allocated)
        self._photometric = str(elements.get("PhotometricInterpretation") or "").strip()
        self.is_grey = self._photometric in _GREY
        self._decoder = self._suitable_decoder()
        frames = _whole(elements, "NumberOfFrames", 1) or 1
        self._index = chosen_frame(frame, frames, "a DICOM")
        self._frames = frames
        if (file.length == UNDEFINED) == (self._decoder is _NATIVE):
            raise ValueError("its pixels are not compressed as it declares")
        if self._decoder is _NATIVE:
            self._require_enough_bytes()

    @property
    def profile(self) -> bytes:
        """Its ICC profile; empty for none."""
        return bytes(self._file.elements.get("ICCProfile") or b"")

    @property
    def facts(self) -> DicomFacts:
        """What the header says."""
        elements, index = self._file.elements, self._index
        is_shown = self.is_grey and self._stored > 1
        window = file_window(elements, index) if is_shown else None
        has_overlay = any(element.tag.group >> 8 == 0x60 for element in elements.values())
        return DicomFacts(
            self._photometric,
            self._stored,
            scale_of(elements, index) if is_shown else None,
            rule_of(elements, index) if is_shown else "",
            None if window is None else (window.center, window.width),
            has_overlay or str(elements.get("BurnedInAnnotation")) == "YES",
            _hashed(elements, "PatientID"),
            _hashed(elements, "SeriesInstanceUID"),
        )

    def turn(self) -> None:
        """A DICOM is stored upright."""

    def load(self, input_format: InputFormat) -> Image.Image | DeepPixels:
        """The frame, in 8 bits unless it has colours of more."""
        values, elements, little = self._values(), self._file.elements, self._file.elements.original_encoding[1]
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise NotRead("has pixels that are not finite numbers", remedy="replace NaN and infinite values")
        if self._photometric == _PALETTE:
            return Image.fromarray(_with_palette(values, elements, little))
        if not self.is_grey:
            return Image.fromarray(values) if self._stored == 8 else DeepPixels(values, 2**self._stored - 1)
        if self._stored == 1:
            is_white = values.astype(bool) != (self._photometric == "MONOCHROME1")
            return Image.fromarray(is_white.astype(np.uint8) * 255)
        return Image.fromarray(grey_pixels(values, elements, self._index, input_format.window, little))

    def _suitable_decoder(self) -> _Decoder:
        """What decodes the pixels rightly; a NotRead where nothing does."""
        file, samples = self._file, {_PALETTE: 1, **dict.fromkeys(_GREY, 1), **dict.fromkeys(_COLORS, 3)}
        if self._photometric not in samples:
            raise NotRead(f"is a DICOM with the colours {self._photometric or 'unknown'}, which cnncli does not read")
        if self._samples != samples[self._photometric] or self._allocated not in _BITS[file.keyword]:
            raise ValueError(f"{self._photometric} of {self._samples} × {self._allocated} bits")
        if self._photometric == _PALETTE and "SegmentedRedPaletteColorLookupTableData" in file.elements:
            raise NotRead("is a DICOM with a palette in segments, which cnncli does not read")
        if not file.syntax:
            raise NotRead("is a DICOM that does not say how its pixels are compressed, so that cnncli does not read it")
        decoder = _DECODERS.get(file.syntax)
        if decoder is None or self._stored > decoder.most_bits:
            raise NotRead(f"{self._compressed}, which cnncli does not read", remedy=_DECOMPRESS if decoder else "")
        if _whole(file.elements, "HighBit", self._stored - 1) != self._stored - 1 and file.keyword == "PixelData":
            raise NotRead("is a DICOM that keeps its pixels in the upper bits, which cnncli does not read")
        if decoder.module:
            try:
                with_extra(decoder.module, self._compressed, "dicom")
            except NotRead as error:
                other = f"pip install python-gdcm, or {_DECOMPRESS}" if decoder is _LOSSLESS_JPEG else ""
                raise NotRead(error.fact, error.extra, other) from error
        return decoder

    @property
    def _compressed(self) -> str:
        name = self._pydicom.uid.UID(self._file.syntax).name.split(" (Process")[0]
        return f"is a DICOM of {self._stored} bits, compressed with {name}"

    def _require_enough_bytes(self) -> None:
        """Refuses a file that holds fewer bytes than its numbers of frames, rows and columns take."""
        end = self._file.start + self._file.length
        samples = 2 if self._photometric == "YBR_FULL_422" else self._samples
        needed = -(-self._frames * self.height * self.width * samples * self._allocated // 8)
        if end > self._file.stream.size:
            raise CutOff
        if needed > self._file.length:
            raise ValueError(f"it declares {needed:,} bytes of pixels and has {self._file.length:,}")

    def _values(self) -> np.ndarray:
        """The stored numbers of the frame, colours as RGB; shape `(height, width)` or `(height, width, 3)`."""
        file, pixels = self._file, with_extra("pydicom.pixels", "is a DICOM image", "dicom")
        with early_end_told(file.stream):
            if self._decoder is not _NATIVE:
                self._require_true_size()
            file.stream.seek(file.start)
            values, properties = pixels.get_decoder(file.syntax).as_array(
                file.stream, index=self._index, decoding_plugin=self._decoder.plugin, **self._options()
            )
        if self._photometric in _COLORS and properties["photometric_interpretation"] != "RGB":
            raise NotRead(f"is a DICOM with the colours {self._photometric}, which cnncli does not read in this form")
        return np.asarray(values)

    def _options(self) -> dict[str, Any]:
        """What pydicom's decoders want to know."""
        file = self._file
        options = {
            "rows": self.height,
            "columns": self.width,
            "samples_per_pixel": self._samples,
            "photometric_interpretation": self._photometric,
            "number_of_frames": self._frames,
            "bits_allocated": self._allocated,
            "bits_stored": self._stored,
            "pixel_representation": _whole(file.elements, "PixelRepresentation", 0),
            "pixel_keyword": file.keyword,
            "transfer_syntax_uid": self._pydicom.uid.UID(file.syntax),
        }
        if file.kind:
            options["pixel_vr"] = file.kind
        if self._samples > 1:
            options["planar_configuration"] = _whole(file.elements, "PlanarConfiguration", 0)
        tables = [file.elements.get(f"ExtendedOffsetTable{part}") for part in ("", "Lengths")]
        return {**options, "extended_offsets": tuple(tables)} if all(tables) else options

    def _require_true_size(self) -> None:
        """Refuses a frame that is cut off, or whose own header declares another size: decoders believe it."""
        stream = self._file.stream
        stream.seek(self._file.start)
        frame = self._pydicom.encaps.get_frame(
            stream,
            self._index,
            number_of_frames=self._frames,
            extended_offsets=self._options().get("extended_offsets"),
        )
        if stream.is_exceeded:  # what is there would be decoded all the same
            raise CutOff
        if self._decoder.is_jpeg or self._decoder.is_jpeg2000:
            declared = (declared_by_jpeg if self._decoder.is_jpeg else declared_by_jpeg2000)(frame)
            if declared != (self.width, self.height, self._samples):
                sizes = f"{declared[0]}×{declared[1]} pixels of {declared[2]} channels"
                raise ValueError(f"its pixels are a picture of {sizes}, and it declares {self.width}×{self.height}")


def _whole(elements: Any, keyword: str, default: int | None = None) -> int:
    """A whole number of a file; `default` where it is missing."""
    value = numbers(elements, keyword)
    if not value and default is None:
        raise ValueError(f"it lacks {keyword}")
    number = int(value[0]) if value else default
    if number is None or number < 0:
        raise ValueError(f"{keyword} is {number}")
    return number


def _hashed(elements: Any, keyword: str) -> bytes:
    item = elements.get_item(keyword) if keyword in elements else None
    value = getattr(item, "value", None) or b""
    data = (value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")).strip(b" \0")
    return hashlib.blake2b(data, digest_size=16).digest() if data else b""


def _with_palette(stored: np.ndarray, elements: Any, little: bool) -> np.ndarray:
    """The colours of a palette: uint8, shape `(height, width, 3)`; of 16 bits the upper ones."""
    names = [f"{color}PaletteColorLookupTable" for color in ("Red", "Green", "Blue")]
    tables = [Table.of(elements[f"{name}Descriptor"].value, elements[f"{name}Data"].value, little) for name in names]
    is_deep = max(int(table.entries.max()) for table in tables) > 255  # some write 8 bits into 16
    bands = [table.looked_up(stored).astype(np.uint16) >> (8 * is_deep) for table in tables]
    return np.stack(bands, axis=2).astype(np.uint8)
