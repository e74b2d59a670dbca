"""Small DICOM files for tests, and a second reading of any DICOM that shares no code with cnncli's."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

RAMP = np.arange(0, 4096, 16, dtype=np.uint16).reshape(16, 16)
"""Numbers of 12 bits, none twice."""


def item(**elements: Any) -> Dataset:
    """A data set of these elements."""
    dataset = Dataset()
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


def lookup_table(count: int, first: int, bits: int, words: list[int], kind: str = "US") -> Dataset:
    """A table of a file, whose words have a kind: `US`, numbers, or `OW`, bytes."""
    table = Dataset()
    table.add_new("LUTDescriptor", "SS" if first < 0 else "US", [count, first, bits])
    table.add_new("LUTData", kind, words if kind == "US" else np.array(words, "<u2").tobytes())
    return table


def items(*datasets: Dataset) -> Sequence:
    """A sequence of data sets."""
    return Sequence(datasets)


def dicom(
    pixels: np.ndarray,
    syntax: str = ExplicitVRLittleEndian,
    preamble: bool = True,
    has_overlay: bool = False,
    **elements: Any,
) -> bytes:
    """A DICOM of pixels, shape `(height, width)` for grey, with a third axis for colour; elements by their keywords.

    Of several frames, `NumberOfFrames` must be told.
    """
    frames = elements.get("NumberOfFrames", 1)
    shape = pixels.shape[1:] if frames > 1 else pixels.shape
    bits = 8 * pixels.dtype.itemsize
    dataset = item(
        SOPClassUID=SecondaryCaptureImageStorage,
        SOPInstanceUID="1.2.3.4",
        PatientID="P1",
        SeriesInstanceUID="1.2.3",
        SamplesPerPixel=shape[2] if len(shape) > 2 else 1,
        PhotometricInterpretation="RGB" if len(shape) > 2 else "MONOCHROME2",
        Rows=shape[0],
        Columns=shape[1],
        BitsAllocated=bits,
        BitsStored=elements.get("BitsStored", bits),
        HighBit=elements.get("BitsStored", bits) - 1,
        PixelRepresentation=int(pixels.dtype.kind == "i"),
    )
    if len(shape) > 2:
        dataset.PlanarConfiguration = 0
    for name, value in elements.items():
        setattr(dataset, name, value)
    if has_overlay:
        dataset.add_new(0x60000010, "US", shape[0])
    if syntax == RLELossless:
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.PixelData = pixels.tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.compress(RLELossless, generate_instance_uid=False)
    elif "PixelData" not in elements:
        stored = pixels.astype(pixels.dtype.newbyteorder(">")) if syntax == ExplicitVRBigEndian else pixels
        data = stored.tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OB" if bits == 8 and syntax != ImplicitVRLittleEndian else "OW"
    return written(dataset, syntax, preamble)


def written(dataset: Dataset, syntax: str = ExplicitVRLittleEndian, preamble: bool = True) -> bytes:
    """The bytes of a data set as a file."""
    out = io.BytesIO()
    encoding = {"implicit_vr": syntax == ImplicitVRLittleEndian, "little_endian": syntax != ExplicitVRBigEndian}
    if not preamble:
        pydicom.dcmwrite(out, dataset, **encoding)
        return out.getvalue()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", SecondaryCaptureImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", generate_uid())
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()
