"""Findings of the headers of DICOM files, and the rules that decide what is black and white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_files import RAMP, dicom

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import Plan, check_headers, scan_files
from cnncli.data.sources import folder

CODES = {
    "annotated",
    "mixed-bits",
    "mixed-photometric",
    "mixed-scales",
    "mixed-windows",
    "patient-across-splits",
    "patient-repeats",
    "series-across-classes",
}
WINDOW = {"WindowCenter": "100", "WindowWidth": "200"}


def put(root: Path, place: str, pixels: np.ndarray = RAMP, **elements) -> None:
    """Writes a file in `split/class/name` or `class/name`, of a patient and a series of its own unless told."""
    names = {"PatientID": f"Name of {place}", "SeriesInstanceUID": f"1.2.{abs(hash(place))}"}
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_bytes(dicom(pixels, **(names | WINDOW | elements)))


def found(root: Path, reading: InputFormat | None = None, is_grouped: bool = False, **plan):
    plan = Plan(reading=reading or InputFormat(1, 1, 1), is_grouped=is_grouped)
    report = scan_files("folder", root, decode=False, plan=plan)
    assert "Name of" not in str(report)  # of persons nothing is told
    return {one.code: one for one in report.findings if one.code in CODES}


@pytest.fixture
def root(tmp_path):
    """A folder without any finding."""
    for number in range(6):
        put(tmp_path, f"{'ab'[number % 2]}/{number}")
    assert found(tmp_path) == {}
    return tmp_path


class TestWindows:
    def test_different_rules(self, root):
        put(root, "a/7", WindowCenter=None, WindowWidth=None)
        finding = found(root)["mixed-windows"]
        assert finding.severity == "warning"
        assert finding.message == "black and white are decided in 2 ways"
        assert [one.detail for one in finding.affected] == [
            "6 images by the window in the file",
            "1 image by their own darkest and brightest pixels",
        ]
        assert "data.image.window" in finding.advice

    def test_different_windows_of_files(self, root):
        put(root, "a/7", WindowCenter="40")
        finding = found(root)["mixed-windows"]
        assert finding.message == "the DICOM files have 2 different windows"
        assert finding.affected[1].names == ("a/7",)
        assert finding.affected[1].detail == "40 and 200 in 1 file"

    def test_the_window_of_the_spec_settles_both(self, root):
        put(root, "a/7", WindowCenter=None, WindowWidth=None)
        put(root, "a/8", WindowCenter="40")
        assert found(root, InputFormat(1, 1, 1, window=(0, 100))) == {}

    @pytest.mark.parametrize(("window", "expected"), [(None, {"file": 6, "percentile": 1}), ((0, 100), {"spec": 7})])
    def test_a_training_counts_the_rules(self, root, window, expected):
        put(root, "a/7", WindowCenter=None, WindowWidth=None)
        put(root, "b/8", np.stack([RAMP.astype(np.uint8)] * 3, 2))  # colour has no window
        splits = folder.load(root, InputFormat(8, 8, 1, window=window)).splits
        checked = check_headers(splits)
        assert checked.windows == expected
        assert [one.code for one in checked.findings] == (["mixed-windows"] if window is None else [])


class TestDifferences:
    @pytest.mark.parametrize(
        ("code", "elements", "message"),
        [
            (
                "mixed-photometric",
                {"PhotometricInterpretation": "MONOCHROME1"},
                "2 different kinds of grey",
            ),
            ("mixed-scales", {"RescaleSlope": "2", "RescaleIntercept": "0"}, "2 different scales"),
            ("mixed-bits", {"BitsStored": 12}, "2 different numbers of stored bits"),
        ],
    )
    def test_a_file_unlike_the_others(self, root, code, elements, message):
        put(root, "a/7", **elements)
        findings = found(root)
        assert findings.keys() == {code}
        assert findings[code].message == f"the DICOM files have {message}"
        assert findings[code].affected[-1].names == ("a/7",)
        assert findings[code].affected[-1].detail.endswith("in 1 file")

    @pytest.mark.parametrize("elements", [{"BurnedInAnnotation": "YES"}, {"has_overlay": True}])
    def test_text_and_drawings(self, root, elements):
        put(root, "a/7", **elements)
        assert found(root)["annotated"].affected[0].names == ("a/7",)


class TestPatients:
    def test_in_two_splits(self, tmp_path):
        for split in ("train", "test"):
            for label in "ab":
                put(tmp_path, f"{split}/{label}/1")
        assert found(tmp_path) == {}
        put(tmp_path, "train/a/2", PatientID="X1")
        put(tmp_path, "test/b/2", PatientID="X1 ")
        finding = found(tmp_path)["patient-across-splits"]
        assert finding.message == "1 patient has images in several splits"
        assert set(finding.affected[0].names) == {"train/a/2", "test/b/2"}
        assert "{dicom: PatientID}" in finding.advice

    def test_that_a_division_may_separate(self, root):
        put(root, "a/7", PatientID="X1")
        put(root, "b/8", PatientID="X1")
        finding = found(root)["patient-repeats"]
        assert finding.message == "1 patient has several images"
        assert finding.affected[0].names == ("a/7", "b/8")
        assert found(root, is_grouped=True) == {}

    def test_removed_names_are_no_patients(self, tmp_path):
        for split in ("train", "test"):
            for label in "ab":
                put(tmp_path, f"{split}/{label}/1", PatientID="ANONYMOUS")
        assert found(tmp_path) == {}

    def test_one_series_in_two_classes(self, root):
        put(root, "a/7", SeriesInstanceUID="1.2.3.4")
        put(root, "b/8", SeriesInstanceUID="1.2.3.4")
        assert found(root)["series-across-classes"].affected[0].names == ("a/7", "b/8")

    def test_a_training_warns_of_the_division_that_it_made(self, root):
        for number in (7, 8):
            put(root, f"a/{number}", PatientID="X1")
        train = folder.load(root, InputFormat(8, 8, 1)).splits["train"]
        first, second = (np.array([train.names.index(f"a/{number}")]) for number in (7, 8))
        rest = np.setdiff1d(np.arange(len(train)), second)
        (finding,) = check_headers({"train": train.take(rest), "test": train.take(second)}).findings
        assert finding.code == "patient-across-splits"
        assert finding.affected[0].names == ("a/7", "a/8")
        assert len(first) == 1


def test_a_header_that_cannot_be_read_is_damaged(root):
    data = (root / "a" / "0").read_bytes()
    (root / "a" / "0").write_bytes(data.replace(b"100 ", b"many"))
    (finding,) = scan_files("folder", root, decode=False).findings[:1]
    assert finding.code == "damaged"
    assert finding.affected[0].detail == "is a damaged DICOM: WindowCenter is not a number"
