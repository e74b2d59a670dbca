"""Compressed and uncompressed pixels of DICOM files.

Each kind of compression has one decoder, whatever else is installed, so that the pixels are the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cnncli.data.decode.cut_off import CutOff
from cnncli.data.decode.readers import NotRead, with_extra
from cnncli.data.decode.readers.codestream import declared_by_jpeg, declared_by_jpeg2000
from cnncli.data.decode.readers.dicom_file import UNDEFINED, DicomFile, early_end_told

_END_OF_JPEG = b"\xff\xd9"
_TAIL = 64  # bytes in which the end of a JPEG lies: frames are filled up


@dataclass(frozen=True)
class Layout:
    """How the pixels of a file are stored: numbers of which each uses `stored` of the `allocated` bits.

    `planar` is 1 where each colour is stored on its own, else 0.
    """

    width: int
    height: int
    samples: int
    allocated: int
    stored: int
    is_signed: bool
    photometric: str
    frames: int
    planar: int


@dataclass(frozen=True)
class Decoder:
    """What decodes a transfer syntax, as pydicom calls it, and the module of an extra that it needs besides."""

    plugin: str = ""
    module: str = ""
    extra: str = "dicom"
    coded: Literal["", "jpeg", "jpeg2000"] = ""


_NATIVE = Decoder()
_JPEG = Decoder("pillow", coded="jpeg")
_DEEP_JPEG = Decoder(module="imagecodecs", extra="tiff", coded="jpeg")
_JPEG_LS = Decoder("pyjpegls", "jpeg_ls", coded="jpeg")
_JPEG_2000 = Decoder("pylibjpeg", "openjpeg", coded="jpeg2000")
_DECODERS = {
    **dict.fromkeys(("", ".1", ".1.99", ".2"), _NATIVE),
    **dict.fromkeys((".4.50", ".4.51"), _JPEG),
    **dict.fromkeys((".4.57", ".4.70"), _DEEP_JPEG),
    **dict.fromkeys((".4.80", ".4.81"), _JPEG_LS),
    **dict.fromkeys((".4.90", ".4.91", ".4.201", ".4.202", ".4.203"), _JPEG_2000),
    ".5": Decoder("pydicom"),
}
"""By the end of the UID of the transfer syntax."""

_START = "1.2.840.10008.1.2"


def decoder_for(file: DicomFile, layout: Layout, pydicom: Any) -> Decoder:
    """What decodes the pixels of a file rightly.

    Raises:
        NotRead: Nothing does, or it is not installed.
        ValueError: The file contradicts itself.
    """
    if not file.syntax:
        raise NotRead("is a DICOM that does not say how its pixels are compressed, so that cnncli does not read it")
    decoder = _DECODERS.get(file.syntax.removeprefix(_START)) if file.syntax.startswith(_START) else None
    name = pydicom.uid.UID(file.syntax).name.split(" (Process")[0]
    fact = f"is a DICOM of {layout.stored} bits, compressed with {name}"
    if decoder is _JPEG and layout.stored > 8:
        decoder = _DEEP_JPEG if layout.samples == 1 else None
    if decoder is None:
        raise NotRead(f"{fact}, which cnncli does not read")
    if decoder.module:
        with_extra(decoder.module, fact, decoder.extra)
    if (file.length == UNDEFINED) == (decoder is _NATIVE):
        raise ValueError("its pixels are not compressed as it declares")
    if decoder is _NATIVE:
        _require_enough_bytes(file, layout)
    return decoder


def decoded(file: DicomFile, layout: Layout, decoder: Decoder, index: int, pydicom: Any) -> np.ndarray:
    """The stored numbers of a frame, colours as RGB; shape `(height, width)` or `(height, width, 3)`.

    Raises:
        CutOff: The file ends before.
        NotRead: The colours are stored in a way that is not read.
        Exception: Nearly any, when the file is damaged.
    """
    pixels, options = with_extra("pydicom.pixels", "is a DICOM image", "dicom"), _options(file, layout, pydicom)
    with early_end_told(file.stream):
        if decoder is not _NATIVE:
            frame = _frame(file, layout, decoder, index, options, pydicom)
            if decoder is _DEEP_JPEG:
                return _deep_jpeg(frame, layout, pixels)
        file.stream.seek(file.start)
        values, properties = pixels.get_decoder(file.syntax).as_array(
            file.stream, index=index, decoding_plugin=decoder.plugin, **options
        )
    if layout.samples > 1 and properties["photometric_interpretation"] != "RGB":
        raise NotRead(f"is a DICOM with the colours {layout.photometric}, which cnncli does not read in this form")
    return np.asarray(values)


def _require_enough_bytes(file: DicomFile, layout: Layout) -> None:
    """Refuses a file that holds fewer bytes than its numbers of frames, rows and columns take."""
    samples = 2 if layout.photometric == "YBR_FULL_422" else layout.samples
    needed = -(-layout.frames * layout.height * layout.width * samples * layout.allocated // 8)
    if file.start + file.length > file.stream.size:
        raise CutOff
    if needed > file.length:
        raise ValueError(f"it declares {needed:,} bytes of pixels and has {file.length:,}")


def _options(file: DicomFile, layout: Layout, pydicom: Any) -> dict[str, Any]:
    """What pydicom's decoders need to know."""
    options = {
        "rows": layout.height,
        "columns": layout.width,
        "samples_per_pixel": layout.samples,
        "photometric_interpretation": layout.photometric,
        "number_of_frames": layout.frames,
        "bits_allocated": layout.allocated,
        "bits_stored": layout.stored,
        "pixel_representation": int(layout.is_signed),
        "pixel_keyword": file.keyword,
        "transfer_syntax_uid": pydicom.uid.UID(file.syntax),
    }
    if file.kind:
        options["pixel_vr"] = file.kind
    if layout.samples > 1:
        options["planar_configuration"] = layout.planar
    tables = tuple(file.elements.get(f"ExtendedOffsetTable{part}") for part in ("", "Lengths"))
    return {**options, "extended_offsets": tables} if all(tables) else options


def _frame(
    file: DicomFile, layout: Layout, decoder: Decoder, index: int, options: dict[str, Any], pydicom: Any
) -> bytes:
    """A compressed frame; one that is cut off, or declares another size, is refused: decoders believe it."""
    file.stream.seek(file.start)
    offsets = options.get("extended_offsets")
    frame: bytes = pydicom.encaps.get_frame(
        file.stream, index, number_of_frames=layout.frames, extended_offsets=offsets
    )
    if file.stream.is_exceeded:  # what is there would be decoded all the same
        raise CutOff
    if decoder.coded:
        declared = (declared_by_jpeg if decoder.coded == "jpeg" else declared_by_jpeg2000)(frame)
        if declared != (layout.width, layout.height, layout.samples):
            sizes = f"{declared[0]}×{declared[1]} pixels of {declared[2]} channels"
            raise ValueError(f"its pixels are a picture of {sizes}, and it declares {layout.width}×{layout.height}")
    return frame


def _deep_jpeg(frame: bytes, layout: Layout, pixels: Any) -> np.ndarray:
    """Lossless JPEG, and JPEG of 12 bits."""
    if _END_OF_JPEG not in frame[-_TAIL:]:  # libjpeg fills the rest with grey
        raise CutOff
    imagecodecs = with_extra("imagecodecs", "is a compressed DICOM", "tiff")
    if layout.samples == 1:
        values = imagecodecs.jpeg8_decode(frame).reshape(layout.height, layout.width)
        if not layout.is_signed:
            return np.asarray(values)
        shift = 8 * values.itemsize - layout.stored  # the sign goes to the top, and back with all bits above
        return np.asarray((values << shift).astype(values.dtype).view(f"i{values.itemsize}") >> shift)
    values = imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB")  # as they are stored
    if layout.photometric == "RGB":
        return np.asarray(values)
    return np.asarray(pixels.convert_color_space(values, layout.photometric, "RGB"))
