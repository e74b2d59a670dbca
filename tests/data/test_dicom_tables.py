"""The two tables of docs/dicom.md: every row is tried, with a file of each kind that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from cases import each
from dicom_files import RAMP, dicom
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import DataError

PAGE = Path(__file__).parents[2] / "docs" / "dicom.md"
BYTES = (RAMP // 16).astype(np.uint8)
COLORS = np.stack([BYTES, BYTES.T, 255 - BYTES], 2)
GREY = BYTES[:, :, None]
TURNED = 255 - GREY
GREY_FROM_100 = np.clip(GREY.astype(int) - 100, 0, 255)
WINDOW = (0, 255)


def packed(pixels: np.ndarray, syntax: str, encode, **elements) -> bytes:
    return dicom(pixels, syntax, PixelData=encapsulate([encode(np.ascontiguousarray(pixels))]), **elements)


def jpeg_encode(pixels: np.ndarray) -> bytes:
    return imagecodecs.jpeg8_encode(pixels, level=100, subsampling="444")


def jpeg_encode_12_bits(pixels: np.ndarray) -> bytes:
    return imagecodecs.jpeg8_encode(pixels, level=100, bitspersample=12)


def lossless(pixels: np.ndarray) -> bytes:
    return (
        imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, colorspace="RGB", outcolorspace="RGB")
        if (pixels.ndim == 3)
        else imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1)
    )


def signed_lossless(pixels: np.ndarray) -> bytes:
    return lossless(pixels.view(np.uint16) & 0x0FFF)


def palette(bits: int, segmented: bool = False) -> bytes:
    ramp = np.arange(256, dtype="<u2") * (1 if bits == 8 else 257)
    words = {"Red": ramp, "Green": ramp, "Blue": ramp[::-1]}
    tables = {f"{color}PaletteColorLookupTableDescriptor": [256, 0, bits] for color in words}
    for color, of_color in words.items():
        data = of_color.astype(np.uint8) if bits == 8 else of_color
        tables[f"{'Segmented' * segmented}{color}PaletteColorLookupTableData"] = data.tobytes()
    return dicom(BYTES, PhotometricInterpretation="PALETTE COLOR", **tables)


def rgb_of(ycc: np.ndarray) -> np.ndarray:
    luma, blue, red = np.moveaxis(ycc.astype(float), 2, 0) - np.reshape([0, 128, 128], (3, 1, 1))
    colors = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
    return np.clip(np.rint(np.stack(colors, 2)), 0, 255)


SOFT = np.stack([BYTES, BYTES.T // 4 + 100, 150 - BYTES // 4], 2)  # luminance and chrominance
HALVED = SOFT[:, ::2].repeat(2, 1).copy()
HALVED[:, :, 0] = BYTES
VIDEO = dicom(BYTES, MPEG2MPML, PixelData=encapsulate([b"pixels"]))
INVERTED = np.stack([BYTES, BYTES, 255 - BYTES], 2)

COLOURS: Mapping[str, list] = {
    "MONOCHROME2": [(dicom(BYTES), GREY), (dicom(RAMP.astype("<i2")), None)],
    "MONOCHROME1": [(dicom(BYTES, PhotometricInterpretation="MONOCHROME1"), TURNED)],
    "MONOCHROME1 or MONOCHROME2 of 1 bit": [
        (
            dicom(
                BYTES,
                BitsAllocated=1,
                BitsStored=1,
                HighBit=0,
                PhotometricInterpretation=kind,
                PixelData=np.packbits(BYTES > 127, bitorder="little").tobytes(),
            ),
            (np.where(BYTES > 127, 255, 0) if kind == "MONOCHROME2" else np.where(BYTES > 127, 0, 255))[:, :, None],
        )
        for kind in ("MONOCHROME1", "MONOCHROME2")
    ],
    "RGB": [
        (dicom(COLORS), COLORS),
        (dicom(COLORS.astype(np.uint16) * 257), COLORS),
        (dicom(COLORS.astype(np.uint32) * 0x1010101), COLORS),
    ],
    "YBR_FULL, YBR_FULL_422": [
        (dicom(SOFT, PhotometricInterpretation="YBR_FULL"), rgb_of(SOFT)),
        (
            dicom(
                SOFT,
                PhotometricInterpretation="YBR_FULL_422",
                PixelData=np.concatenate([BYTES.reshape(16, 8, 2), HALVED[:, ::2, 1:]], 2).tobytes(),
            ),
            rgb_of(HALVED),
        ),
    ],
    "YBR_ICT, YBR_RCT (in JPEG 2000)": [
        (
            packed(
                COLORS,
                JPEG2000Lossless,
                lambda of: imagecodecs.jpeg2k_encode(of, reversible=True, codecformat="j2k", mct=True),
                PhotometricInterpretation="YBR_RCT",
            ),
            COLORS,
        ),
        (
            packed(
                COLORS,
                JPEG2000,
                lambda of: imagecodecs.jpeg2k_encode(of, level=0, reversible=False, codecformat="j2k", mct=True),
                PhotometricInterpretation="YBR_ICT",
            ),
            COLORS,
        ),
    ],
    "PALETTE COLOR": [(palette(8), INVERTED), (palette(16), INVERTED)],
    "PALETTE COLOR in segments": [(palette(16, segmented=True), "a palette in segments, which cnncli does not read")],
    "HSV, CMYK, YBR_PARTIAL_420 and others": [
        (dicom(COLORS, PhotometricInterpretation=kind), f"the colours {kind}, which cnncli does not read")
        for kind in ("HSV", "CMYK", "YBR_PARTIAL_420", "YBR_PARTIAL_422", "XYB")
    ],
}

SYNTAXES: Mapping[str, list] = {
    "uncompressed, deflated, big endian": [
        (dicom(BYTES, DeflatedExplicitVRLittleEndian), GREY),
        (dicom(BYTES.astype(np.uint16), ExplicitVRBigEndian), GREY),
        (dicom(BYTES.astype(np.uint32), ExplicitVRBigEndian), GREY),
    ],
    "RLE": [(dicom(BYTES, RLELossless), GREY), (dicom(COLORS.astype(np.uint16) * 257, RLELossless), COLORS)],
    "JPEG baseline and extended": [
        (packed(COLORS, syntax, jpeg_encode, PhotometricInterpretation=kind), COLORS)
        for syntax in (JPEGBaseline8Bit, JPEGExtended12Bit)
        for kind in ("YBR_FULL", "YBR_FULL_422")
    ],
    "JPEG extended": [(packed(BYTES.astype(np.uint16), JPEGExtended12Bit, jpeg_encode_12_bits, BitsStored=12), GREY)],
    "JPEG lossless": [
        (packed(BYTES.astype(np.uint16), JPEGLosslessSV1, lossless), GREY),
        (packed(COLORS, JPEGLosslessSV1, lossless), COLORS),
        (packed(SOFT, JPEGLosslessSV1, lossless, PhotometricInterpretation="YBR_FULL"), rgb_of(SOFT)),
        (packed((RAMP // 16).astype("<i2") - 100, JPEGLosslessSV1, signed_lossless, BitsStored=12), GREY_FROM_100),
    ],
    "JPEG-LS": [
        (packed(BYTES, JPEGLSLossless, imagecodecs.jpegls_encode), GREY),
        (packed(BYTES.astype(np.uint16), JPEGLSLossless, imagecodecs.jpegls_encode), GREY),
    ],
    "JPEG 2000, HTJ2K": [
        (packed(BYTES, JPEG2000Lossless, lambda of: imagecodecs.jpeg2k_encode(of, codecformat="j2k")), GREY),
        (packed(BYTES, JPEG2000Lossless, lambda of: imagecodecs.jpeg2k_encode(of, codecformat="jp2")), GREY),
        (packed(BYTES.astype(np.uint16), HTJ2KLossless, imagecodecs.htj2k_encode), GREY),
    ],
    "MPEG, JPEG XL and others": [
        (VIDEO.replace(MPEG2MPML.encode(), other), "which cnncli does not read")
        for other in (MPEG2MPML.encode(), b"1.2.840.10008.1.2.4.110", b"1.2.840.999999.1.2.3.45")
    ],
}


def rows(heading: str) -> dict[str, str]:
    """The rows of a table of the page by their first cells."""
    table = PAGE.read_text().split(f"| {heading} |", 1)[1].split("\n\n")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {first: " | ".join(rest) for first, *rest in cells}


@pytest.mark.parametrize(("heading", "cases"), [("photometric interpretation", COLOURS), ("transfer syntax", SYNTAXES)])
def test_every_row_is_tried(heading, cases):
    assert rows(heading).keys() == cases.keys()
    for name, text in rows(heading).items():
        assert any(isinstance(expected, str) for _, expected in cases[name]) == ("refused" in text)


@each("name", [*COLOURS, *SYNTAXES])
def test_a_row_is_true(name):
    for data, expected in (COLOURS | SYNTAXES)[name]:
        channels = 1 if expected is None or isinstance(expected, str) else expected.shape[2]
        how = InputFormat(16, 16, channels, window=WINDOW)
        if isinstance(expected, str):
            with pytest.raises(DataError) as error:
                read_image(data, how, "scan")
            assert expected in error.value.message
            assert error.value.hint
        elif expected is not None:
            difference = np.abs(read_image(data, how, "scan").astype(int) - expected)
            assert difference.max() <= (4 if "JPEG baseline" in name or "YBR_ICT" in name else 1)
