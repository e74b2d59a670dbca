"""DICOM files: which are read, what is said of the others, and the public files against a second reading."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from dicom_files import RAMP, dicom, item, written
from dicom_second_reading import second_reading
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RTPlanStorage,
)

from cnncli.data.decode.formats import format_of
from cnncli.data.decode.image import read_image, size_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import dicom_file
from cnncli.errors import DataError

FORMAT = InputFormat(16, 16, 1)

PUBLIC = Path(pydicom.data.__file__).parent / "test_files"
FILES = sorted(
    path for path in PUBLIC.rglob("*") if path.is_file() and (path.suffix == ".dcm" or "dicomdirtests" in path.parts)
)
REFUSED = {
    "DICOMDIR": "is a DICOM without pixels (Media Storage Directory Storage)",
    "ExplVR_BigEndNoMeta.dcm": "is a DICOM without pixels (RT Ion Plan Storage)",
    "ExplVR_LitEndNoMeta.dcm": "is a DICOM without pixels (RT Ion Plan Storage)",
    "IM0": "is a DICOM without pixels",
    "JPEG2000-embedded-sequence-delimiter.dcm": "its pixels are a picture of",
    "MR_truncated.dcm": "is cut off",
    "README": "is a text file",
    "UN_sequence.dcm": "is a DICOM without pixels (CT Image Storage)",
    "badVR.dcm": "NumberOfFrames is not a number",
    "empty_charset_LEI.dcm": "is a DICOM without pixels",
    "meta_missing_tsyntax.dcm": "it lacks BitsAllocated",
    "nested_priv_SQ.dcm": "it lacks BitsAllocated",
    "no_meta.dcm": "is not an image",
    "no_meta_group_length.dcm": "is a DICOM without pixels (RT Image Storage)",
    "priv_SQ.dcm": "is a DICOM without pixels (MR Image Storage)",
    "reportsi": "is a DICOM without pixels (Basic Text SR Storage)",
    "rtplan.dcm": "is a DICOM without pixels (RT Plan Storage)",
    "rtplan_truncated.dcm": "is cut off",
    "rtstruct.dcm": "is a DICOM without pixels (RT Structure Set Storage)",
    "test-SR.dcm": "is a DICOM without pixels (Comprehensive SR Storage)",
    "waveform_ecg.dcm": "is a DICOM without pixels (12-lead ECG Waveform Storage)",
}
"""Public files that are not read, by how their names begin, and what is said of each."""

SOME = (
    "693_J2KI.dcm",
    "CT_small.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "JPGExtended.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_palette.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "6154",
)


def refusal(data: bytes | Path, **how) -> DataError:
    with pytest.raises(DataError) as error:
        read_image(data, InputFormat(16, 16, 1, **how), "scan.dcm")
    return error.value


@pytest.mark.exhaustive
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_public_file_is_read_rightly_or_refused_by_name(path):
    check(path)


@pytest.mark.parametrize("name", [*SOME, *list(REFUSED)[:8]])
def test_some_public_files(name):
    check(next(path for path in FILES if path.name.startswith(name)))


def check(path: Path) -> None:
    reason = next((text for name, text in REFUSED.items() if path.name.startswith(name)), None)
    if reason is not None:
        with pytest.raises(DataError) as error:
            read_image(path, FORMAT)
        assert error.value.message.startswith(f"{path} ")
        assert reason in error.value.message
        return
    header = pydicom.dcmread(path, force=True, stop_before_pixels=True)
    frames = int(header.get("NumberOfFrames") or 1)
    is_grey = header.PhotometricInterpretation.startswith("MONOCHROME")
    for frame in range(min(frames, 2)):
        how = InputFormat(header.Rows, header.Columns, 1 if is_grey else 3, frame=frame if frames > 1 else None)
        pixels = read_image(path, how).squeeze()
        difference = np.abs(pixels.astype(int) - second_reading(path, frame).astype(int))
        assert difference.max() <= 1
    assert size_of(path, how) == (header.Rows, header.Columns)


class TestRecognised:
    @pytest.mark.parametrize("start", [b"", b"\x08\0", b"\x08\0\x10\0\x20\0\x30\0" * 20, bytes(512)])
    def test_other_files_are_not(self, start):
        assert format_of(start) is None

    @pytest.mark.parametrize("kind", ["<u2", "<u4", "<i8", ">u2", ">u4", "<f4", "<f8"])
    def test_neither_are_lists_of_numbers(self, kind):
        for first in (2, 8, 2048, 0x080008):
            assert format_of(np.arange(first, first + 500).astype(kind).tobytes()) is None

    def test_a_report_is_no_image(self):
        plan = item(SOPClassUID=RTPlanStorage, SOPInstanceUID="1.2", PatientName="Somebody^Else")
        error = refusal(written(plan))
        assert error.message == "scan.dcm is a DICOM without pixels (RT Plan Storage)"
        assert error.hint == "leave it out with data.exclude"


class TestFrames:
    DATA = dicom(np.stack([RAMP, RAMP[::-1], RAMP.T]), NumberOfFrames=3)

    def test_several_are_refused_unless_one_is_chosen(self):
        error = refusal(self.DATA)
        assert error.message == "scan.dcm is a DICOM of 3 frames"
        assert error.hint == "choose one with data.image.frame: a number from 0 to 2, first or middle"

    def test_one_that_is_not_there(self):
        assert "data.image.frame is 3" in refusal(self.DATA, frame=3).hint

    @pytest.mark.parametrize(
        ("frame", "expected"), [("first", RAMP), (1, RAMP[::-1]), ("middle", RAMP[::-1]), (2, RAMP.T)]
    )
    def test_the_chosen_one_is_taken(self, frame, expected):
        pixels = read_image(self.DATA, InputFormat(16, 16, 1, frame=frame, window=(0, 255 * 16)))
        assert np.array_equal(pixels[:, :, 0], expected // 16)


class TestRefused:
    @pytest.mark.parametrize(
        ("missing", "file", "extra"),
        [
            ("pydicom", "CT_small.dcm", "dicom"),
            ("openjpeg", "693_J2KI.dcm", "dicom"),
            ("jpeg_ls", "MR_small_jpeg_ls_lossless.dcm", "dicom"),
            ("imagecodecs", "SC_rgb_jpeg_gdcm.dcm", "tiff"),
            ("imagecodecs", "JPGExtended.dcm", "tiff"),
        ],
    )
    def test_without_the_extra(self, missing, file, extra, monkeypatch):
        monkeypatch.setitem(sys.modules, missing, None)
        error = refusal(PUBLIC / file)
        assert error.message.startswith("scan.dcm is a DICOM ")
        assert f"{missing}, which reads it, " in error.message
        assert error.hint.startswith(f"pip install 'cnncli[{extra}]'")

    @pytest.mark.parametrize(
        ("elements", "reason"),
        [
            ({"PhotometricInterpretation": "HSV"}, "is a DICOM with the colours HSV, which cnncli does not read"),
            ({"BitsStored": 12, "HighBit": 15}, "keeps its pixels in the upper bits"),
            ({"Rows": 17}, "it declares 544 bytes of pixels and has 512"),
            ({"Rows": 0}, "is a damaged DICOM"),
            ({"Rows": 60_000, "Columns": 60_000}, "it declares 7,200,000,000 bytes of pixels and has 512"),
            ({"BitsAllocated": 24}, "is a damaged DICOM: MONOCHROME2 of 1 × 24 bits"),
            ({"SamplesPerPixel": 3}, "is a damaged DICOM: MONOCHROME2 of 3 × 16 bits"),
            ({"RescaleSlope": "", "PixelPaddingValue": None}, None),
        ],
    )
    def test_headers_that_cannot_be_true(self, elements, reason):
        data = dicom(RAMP, **elements)
        if reason is None:  # empty ones say nothing
            assert read_image(data, FORMAT).max() == 255
        else:
            assert reason in refusal(data).message

    def test_what_unpacks_to_very_much(self, monkeypatch):
        monkeypatch.setattr(dicom_file, "MOST_INFLATED", 1 << 10)
        pixels = np.zeros((100, 100), np.uint16)
        message = refusal(dicom(pixels, DeflatedExplicitVRLittleEndian)).message
        assert message == "scan.dcm is a DICOM that unpacks to more than 0 MB"

    def test_more_pixels_than_are_decoded(self):
        data = dicom(np.zeros((1, 4), np.uint8), JPEG2000, Rows=9000, Columns=9000, PixelData=encapsulate([b"pixels"]))
        assert refusal(data).message == "scan.dcm is a DICOM of 9000×9000 pixels: more than 50 million"

    def test_a_video(self):
        data = dicom(RAMP.astype(np.uint8), MPEG2MPML, PixelData=encapsulate([b"video"]))
        assert "compressed with MPEG2 Main Profile / Main Level, which cnncli does not read" in refusal(data).message

    @pytest.mark.parametrize("kept", [140, 200, 300, 400, 700, -1])
    def test_a_file_that_ends_early(self, kept):
        message = refusal(dicom(RAMP)[:kept]).message
        assert message == "scan.dcm is cut off: the end of the DICOM is missing"

    @pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEG2000])
    @pytest.mark.parametrize("side", [15, 17, 300])
    def test_a_compressed_picture_of_another_size(self, syntax, side):
        data = compressed(Image.new("L", (side, side), 9), syntax)
        declared = f"its pixels are a picture of {side}×{side} pixels of 1 channels, and it declares 16×16"
        assert declared in refusal(data).message

    def test_a_compressed_picture_that_ends_early(self):
        data = compressed(Image.fromarray((RAMP // 16).astype(np.uint8)), JPEG2000)
        assert "is cut off" in refusal(data[:-60]).message

    def test_compressed_as_something_else_than_declared(self):
        assert "is a damaged DICOM" in refusal(compressed(Image.new("L", (16, 16)), JPEGLSLossless)).message
        data = dicom(RAMP, JPEG2000, PixelData=encapsulate([RAMP.tobytes()]))
        assert "is a damaged DICOM" in refusal(data.replace(JPEG2000.encode(), b"1.2.840.10008.1.2.1\0\0\0")).message


def compressed(picture: Image.Image, syntax: str) -> bytes:
    """A DICOM of 16×16 grey pixels that holds this picture."""
    out = io.BytesIO()
    picture.save(out, "JPEG2000" if syntax == JPEG2000 else "JPEG", **({"no_jp2": True} if syntax == JPEG2000 else {}))
    return dicom(np.zeros((16, 16), np.uint8), syntax, PixelData=encapsulate([out.getvalue()]))
