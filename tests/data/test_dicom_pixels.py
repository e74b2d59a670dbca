"""What a network gets of DICOM files: grey by its units, window and padding, and colour."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import RAMP, dicom, item, items, lookup_table
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import DataError

SYNTAXES = [
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
]


def read(data: bytes, channels: int = 1, **how) -> np.ndarray:
    """The pixels in the size of a row of tests, 1×4, or of `RAMP`."""
    height, width = how.pop("size", (1, 4))
    return read_image(data, InputFormat(height, width, channels, **how), "scan").squeeze().astype(int)


def row(*values: int, kind: str = "<u2") -> np.ndarray:
    return np.array([values], kind)


def linear(values, center: float, width: float) -> list[int]:
    """DICOM PS3.3, C.11.2.1.2.1, for 0…255."""
    shares = [(value - (center - 0.5)) / (width - 1) + 0.5 for value in values]
    return [round(255 * min(max(share, 0), 1)) for share in shares]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("kind", ["<u1", "<u2", "<i2"])
def test_every_encoding_gives_the_same_pixels(syntax, kind):
    pixels = (RAMP // 16).astype(kind)
    window = {"WindowCenter": 100, "WindowWidth": 101}
    expected = np.reshape(linear(pixels.ravel().tolist(), 100, 101), (16, 16))
    assert np.array_equal(read(dicom(pixels, syntax, **window), size=(16, 16)), expected)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian])
def test_files_without_a_preamble_are_read_whatever_they_are_called(syntax, tmp_path):
    (tmp_path / "IM000001").write_bytes(dicom(row(0, 1, 2, 3), syntax, preamble=False))
    pixels = read_image(tmp_path / "IM000001", InputFormat(1, 4, 1, window=(0, 3)))
    assert pixels.ravel().tolist() == [0, 85, 170, 255]


def test_a_preamble_that_begins_like_a_tiff_is_no_tiff():
    data = dicom(row(0, 1, 2, 3))
    assert read(b"II*\0" + data[4:], window=(0, 3)).tolist() == [0, 85, 170, 255]


class TestUnits:
    @pytest.mark.parametrize(("slope", "intercept"), [("1", "-1024"), ("0.5", "0"), ("2", "-3000"), ("-1", "500")])
    def test_slope_and_intercept_are_applied_before_the_window_of_the_spec(self, slope, intercept):
        data = dicom(row(0, 500, 1024, 2000), RescaleSlope=slope, RescaleIntercept=intercept)
        units = [value * float(slope) + float(intercept) for value in (0, 500, 1024, 2000)]
        expected = [round(255 * min(max((value + 1000) / 1400, 0), 1)) for value in units]
        assert read(data, window=(-1000, 400)).tolist() == expected

    @pytest.mark.parametrize("frame", [0, 1, "first", "middle"])
    def test_a_frame_has_its_own_scale(self, frame):
        of_frames = [
            item(PixelValueTransformationSequence=items(item(RescaleSlope=slope, RescaleIntercept="0")))
            for slope in ("1", "3")
        ]
        data = dicom(
            np.stack([row(0, 10, 20, 30), row(0, 10, 20, 30)]),
            NumberOfFrames=2,
            RescaleSlope="7",  # of the file: the frame's own counts
            PerFrameFunctionalGroupsSequence=items(*of_frames),
        )
        slope = {0: 1, 1: 3, "first": 1, "middle": 3}[frame]
        assert read(data, frame=frame, window=(0, 255)).tolist() == [0, 10 * slope, 20 * slope, 30 * slope]

    def test_frames_may_share_scale_and_window(self):
        shared = item(
            PixelValueTransformationSequence=items(item(RescaleSlope="10", RescaleIntercept="-5")),
            FrameVOILUTSequence=items(item(WindowCenter="100", WindowWidth="256")),
        )
        data = dicom(row(0, 5, 10, 40), SharedFunctionalGroupsSequence=items(shared))
        assert read(data).tolist() == linear([-5, 45, 95, 395], 100, 256)

    def test_a_table_gives_the_units(self):
        table = lookup_table(4, 10, 16, [0, 50, 51, 255])
        data = dicom(row(9, 11, 12, 40), ModalityLUTSequence=items(table))
        assert read(data, window=(0, 255)).tolist() == [0, 50, 51, 255]

    def test_a_dose_has_a_scale_of_its_own(self):
        data = dicom(row(0, 100, 200, 300, kind="<u4"), DoseGridScaling="0.1")
        assert read(data, window=(0, 30)).tolist() == [0, 85, 170, 255]


class TestWindow:
    def test_the_first_window_of_the_file_counts(self):
        data = dicom(row(0, 50, 100, 200), WindowCenter=["100", "40"], WindowWidth=["101", "10"])
        assert read(data).tolist() == linear([0, 50, 100, 200], 100, 101)

    def test_the_window_of_the_spec_comes_before_it(self):
        data = dicom(row(0, 50, 100, 200), WindowCenter="100", WindowWidth="101")
        assert read(data, window=(0, 255)).tolist() == [0, 50, 100, 200]

    def test_a_linear_exact_one(self):
        data = dicom(row(0, 50, 100, 200), WindowCenter="100", WindowWidth="200", VOILUTFunction="LINEAR_EXACT")
        assert read(data).tolist() == [0, 64, 128, 255]

    def test_a_sigmoid(self):
        data = dicom(row(0, 50, 100, 200), WindowCenter="100", WindowWidth="200", VOILUTFunction="SIGMOID")
        expected = [round(255 / (1 + np.exp(-4 * (value - 100) / 200))) for value in (0, 50, 100, 200)]
        assert read(data).tolist() == expected

    def test_one_of_width_one_is_a_threshold(self):
        assert read(dicom(row(0, 1, 2, 3), WindowCenter="2", WindowWidth="1")).tolist() == [0, 0, 255, 255]

    def test_one_without_a_width_is_none(self):
        assert read(dicom(row(0, 1, 2, 3), WindowCenter="2", WindowWidth="0")).tolist() == [0, 85, 170, 255]

    @pytest.mark.parametrize(("bits", "entries"), [(12, [0, 1000, 2000, 4095]), (16, [0, 20000, 40000, 65535])])
    def test_a_table_of_the_file(self, bits, entries):
        table = lookup_table(4, 100, bits, entries)
        data = dicom(row(0, 101, 102, 999), VOILUTSequence=items(table))
        assert read(data).tolist() == [round(255 * entry / (2**bits - 1)) for entry in entries]

    @pytest.mark.parametrize("kind", ["US", "OW"])
    @pytest.mark.parametrize("is_packed", [True, False])
    def test_a_table_of_many_short_entries(self, is_packed, kind):
        entries = np.arange(1024) // 4
        words = entries.astype(np.uint8).view("<u2") if is_packed else entries
        table = lookup_table(1024, 0, 8, words.tolist(), kind)
        data = dicom(row(0, 300, 600, 1023), VOILUTSequence=items(table))
        assert read(data).tolist() == [0, 75, 150, 255]

    @pytest.mark.parametrize("first", [-2, 0xFFFE])  # the same with and without its sign
    def test_a_table_for_numbers_below_zero(self, first):
        table = lookup_table(4, first, 8, [0, 50, 100, 255])
        data = dicom(row(-9, -1, 0, 1, kind="<i2"), VOILUTSequence=items(table))
        assert read(data).tolist() == [0, 50, 100, 255]

    def test_a_window_comes_before_a_table(self):
        table = lookup_table(4, 0, 8, [7, 7, 7, 7])
        data = dicom(row(0, 85, 170, 255), VOILUTSequence=items(table), WindowCenter="128", WindowWidth="256")
        assert read(data).tolist() == [0, 85, 170, 255]

    def test_without_either_the_rare_extremes_do_not_count(self):
        pixels = np.arange(10_000, dtype=np.uint16).reshape(100, 100)
        low, high = np.percentile(pixels, [0.5, 99.5])
        expected = np.rint(np.clip((pixels - low) / (high - low), 0, 1) * 255)
        assert np.array_equal(read(dicom(pixels), size=(100, 100)), expected)

    def test_a_rare_mark_on_nothing_is_seen(self):
        pixels = np.zeros((40, 40), np.uint16)
        pixels[3, 4] = 9
        shown = read(dicom(pixels), size=(40, 40))
        assert shown.sum() == shown[3, 4] == 255


class TestStoredNumbers:
    def test_monochrome1_is_turned_over_last(self):
        data = dicom(
            row(0, 50, 100, 200), PhotometricInterpretation="MONOCHROME1", RescaleSlope="2", RescaleIntercept="-10"
        )
        assert read(data, window=(0, 255)).tolist() == [255, 165, 65, 0]

    def test_signed_monochrome1(self):
        data = dicom(row(-100, -50, 0, 100, kind="<i2"), PhotometricInterpretation="MONOCHROME1")
        assert read(data, window=(-100, 100)).tolist() == [255, 191, 127, 0]

    @pytest.mark.parametrize("syntax", SYNTAXES[:3], ids=lambda syntax: syntax.name)
    def test_an_overlay_in_the_upper_bits_is_left_out(self, syntax):
        data = dicom(row(100, 0xF064, 0x1064, 200), syntax, BitsStored=12)
        assert read(data, window=(0, 255)).tolist() == [100, 100, 100, 200]

    @pytest.mark.parametrize("syntax", SYNTAXES[:3], ids=lambda syntax: syntax.name)
    def test_a_sign_that_is_not_extended(self, syntax):
        data = dicom(row(0x0FFF, 0x0FF6, 0, 100), syntax, BitsStored=12, PixelRepresentation=1)
        assert read(data, window=(-155, 100)).tolist() == [154, 145, 155, 255]

    @pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
    @pytest.mark.parametrize("syntax", SYNTAXES[:3], ids=lambda syntax: syntax.name)
    def test_padding_is_black_and_no_value(self, syntax, kind):
        data = dicom(
            row(-2000, 0, 100, 200, kind="<i2"), syntax, PixelPaddingValue=-2000, PhotometricInterpretation=kind
        )
        expected = [0, 0, 128, 255] if kind == "MONOCHROME2" else [0, 255, 127, 0]
        assert np.abs(read(data) - expected).max() <= 1  # half a percent is cut off at both ends

    def test_a_range_of_padding(self):
        data = dicom(row(60000, 65535, 0, 300), PixelPaddingValue=65535, PixelPaddingRangeLimit=60000)
        assert read(data)[[0, 1, 3]].tolist() == [0, 0, 255]

    def test_padding_that_is_written_without_its_sign(self):
        data = bytearray(dicom(row(-2000, 0, 100, 200, kind="<i2"), PixelPaddingValue=-2000))
        at = data.index(b"\x28\0\x20\1SS")
        data[at + 4 : at + 6] = b"US"
        assert read(bytes(data))[[0, 3]].tolist() == [0, 255]

    def test_nothing_but_padding_is_black(self):
        assert read(dicom(row(7, 7, 7, 7), PixelPaddingValue=7)).tolist() == [0, 0, 0, 0]

    @pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
    def test_32_bits(self, syntax):
        pixels = np.repeat(row(0, 10**9, 2 * 10**9, 3 * 10**9, kind="<u4"), 2, 0)
        assert read(dicom(pixels, syntax), size=(2, 4), window=(0, 3e9))[0].tolist() == [0, 85, 170, 255]

    @pytest.mark.parametrize(("kind", "expected"), [("MONOCHROME2", [0, 255] * 4), ("MONOCHROME1", [255, 0] * 4)])
    def test_one_bit(self, kind, expected):
        data = dicom(
            np.zeros((1, 8), np.uint8),
            BitsAllocated=1,
            BitsStored=1,
            HighBit=0,
            PixelData=b"\xaa\0",
            PhotometricInterpretation=kind,
        )
        assert read(data, size=(1, 8)).tolist() == expected

    def test_floating_point_numbers(self):
        pixels = row(-1, 0, 1, 2, kind="<f4")
        data = dicom(np.zeros((1, 4), np.uint32), PixelData=b"", FloatPixelData=pixels.tobytes())
        at = data.index(b"\xe0\x7f\x10\0")
        assert read(data[:at], window=(-1, 2)).tolist() == [0, 85, 170, 255]


class TestColour:
    RGB = np.array([[(255, 0, 0), (0, 255, 0), (10, 20, 30), (255, 255, 255)]], np.uint8)

    @pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
    def test_rgb(self, syntax):
        assert np.array_equal(read(dicom(self.RGB, syntax), channels=3), self.RGB[0])

    def test_a_band_after_the_other(self):
        data = dicom(self.RGB, PlanarConfiguration=1, PixelData=np.moveaxis(self.RGB, 2, 0).tobytes())
        assert np.array_equal(read(data, channels=3), self.RGB[0])

    def test_luminance_and_chrominance(self):
        ycc = np.array([[(76, 85, 255), (150, 44, 21), (255, 128, 128), (0, 128, 128)]], np.uint8)
        data = dicom(ycc, PhotometricInterpretation="YBR_FULL")
        expected = [(254, 0, 0), (0, 255, 1), (255, 255, 255), (0, 0, 0)]
        assert np.abs(read(data, channels=3) - expected).max() <= 1

    @pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
    def test_16_bits(self, syntax):
        deep = np.repeat(self.RGB.astype(np.uint16) * 257, 4, 0)
        assert np.array_equal(read(dicom(deep, syntax), channels=3, size=(4, 4))[0], self.RGB[0])

    @pytest.mark.parametrize("first", [0, 5, 1000])
    @pytest.mark.parametrize("bits", [8, 16])
    def test_a_palette(self, first, bits):
        """It may begin anywhere, and have more entries than a byte can count."""
        entries = np.arange(300) * (1 if bits == 8 else 200) % 256 if bits == 8 else np.arange(300) * 200
        data = self._with_palette(first + np.array([0, 10, 290, 5000]), first, bits, entries)
        shown = [int(entries[at]) >> (bits - 8) for at in (0, 10, 290, 299)]
        assert read(data, channels=3)[:, 0].tolist() == shown
        assert read(data, channels=3)[:, 2].tolist() == [0, 0, 0, 0]

    def test_a_palette_of_bytes_in_words(self):
        data = self._with_palette(np.array([0, 1, 2, 3]), 0, 16, np.array([0, 50, 100, 255]))
        assert read(data, channels=3)[:, 0].tolist() == [0, 50, 100, 255]

    @pytest.mark.parametrize("bits", [8, 16])
    def test_a_palette_in_a_big_endian_file(self, bits):
        entries = np.array([0, 50, 100, 255]) * (1 if bits == 8 else 257)
        data = self._with_palette(np.arange(4), 0, bits, entries, ExplicitVRBigEndian)
        assert read(data, channels=3)[:, 0].tolist() == [0, 50, 100, 255]

    @staticmethod
    def _with_palette(pixels, first, bits, entries, syntax=ExplicitVRLittleEndian):
        words = entries.astype(np.uint8).view("<u2") if bits == 8 else entries.astype("<u2")
        words = (words.byteswap() if syntax == ExplicitVRBigEndian else words).tobytes()
        black = bytes(len(words))
        tables = {}
        for color, data in (("Red", words), ("Green", words), ("Blue", black)):
            tables[f"{color}PaletteColorLookupTableDescriptor"] = [len(entries), first, bits]
            tables[f"{color}PaletteColorLookupTableData"] = data
        return dicom(row(*pixels), syntax, PhotometricInterpretation="PALETTE COLOR", **tables)


def test_not_finite_numbers_are_refused():
    data = dicom(np.zeros((1, 4), np.uint32), PixelData=b"", FloatPixelData=row(0, np.nan, 1, 2, kind="<f4").tobytes())
    with pytest.raises(DataError, match="scan has pixels that are not finite numbers"):
        read(data[: data.index(b"\xe0\x7f\x10\0")])
