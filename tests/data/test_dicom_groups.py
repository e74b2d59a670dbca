"""Groups of DICOM files by what their headers identify."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import RAMP, dicom
from picture_files import encoded

from cnncli.data.dicom_groups import dicom_groups
from cnncli.errors import DataError


@pytest.fixture
def files(tmp_path):
    for number, patient in enumerate(["P1", "P2", "P1 ", "P3", "P2"]):
        data = dicom(RAMP, PatientID=patient, SeriesInstanceUID=f"1.2.{number}", StudyInstanceUID="1.5")
        (tmp_path / f"{number}").write_bytes(data)
    return sorted(tmp_path.iterdir())


def grouped(files, keyword="PatientID"):
    return dicom_groups([path.name for path in files], files, keyword)


def test_the_files_of_a_patient_are_one_group_called_by_the_first(files):
    groups = grouped(files)
    assert groups.of_image.tolist() == [0, 1, 0, 2, 1]
    assert groups.names == ("0", "1", "3")


@pytest.mark.parametrize(("keyword", "count"), [("SeriesInstanceUID", 5), ("StudyInstanceUID", 1)])
def test_other_elements_identify_as_well(files, keyword, count):
    assert len(grouped(files, keyword).names) == count


@pytest.mark.parametrize("other", [dicom(RAMP, PatientID=""), encoded(3), b"text"])
def test_every_file_needs_the_element(files, other):
    files[3].write_bytes(other)
    with pytest.raises(DataError, match="1 of the 5 images have no PatientID, such as '3'"):
        grouped(files)


def test_a_file_that_cannot_be_read_is_named(files):
    files[3].write_bytes(dicom(RAMP)[:300])
    with pytest.raises(DataError, match="is cut off: the end of the DICOM is missing"):
        grouped(files)


def test_frames_do_not_matter(files):
    files[3].write_bytes(dicom(np.stack([RAMP, RAMP]), NumberOfFrames=2, PatientID="P1"))
    assert grouped(files).of_image.tolist() == [0, 1, 0, 0, 1]
