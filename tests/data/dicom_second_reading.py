"""A second reading of DICOM files for the tests: bytes by hand, codecs of imagecodecs, formulas pixel by pixel."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import generate_frames

_BT601 = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])


def second_reading(source, frame: int = 0, window: tuple[float, float] | None = None) -> np.ndarray:
    """What a network is to get of a file: uint8, shape `(height, width)` or `(height, width, 3)`."""
    dataset = pydicom.dcmread(source, force=True)
    stored = _stored(dataset, frame)
    kind = dataset.PhotometricInterpretation
    if kind == "PALETTE COLOR":
        return _palette(dataset, stored)
    if stored.ndim == 3:
        if kind.startswith("YBR_FULL") and not _is_converted(dataset):
            stored = (stored.astype(float) - [0, 128, 128]) @ _BT601.T
        return np.clip(np.rint(stored * (255 / (2**dataset.BitsStored - 1))), 0, 255).astype(np.uint8)
    if dataset.BitsStored == 1:
        return (stored * 255).astype(np.uint8)
    return _grey(dataset, stored.astype(float), frame, window)


def _grey(dataset, stored, frame, window):
    padding = np.zeros(stored.shape, bool)
    if "PixelPaddingValue" in dataset:
        ends = sorted([dataset.PixelPaddingValue, dataset.get("PixelPaddingRangeLimit", dataset.PixelPaddingValue)])
        padding = (stored >= ends[0]) & (stored <= ends[1])
    scales = [dataset]
    for groups, number in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", frame)):
        if groups in dataset and "PixelValueTransformationSequence" in dataset[groups].value[number]:
            scales.append(dataset[groups].value[number].PixelValueTransformationSequence[0])
    values = stored * float(scales[-1].get("RescaleSlope") or 1) + float(scales[-1].get("RescaleIntercept") or 0)
    if "WindowCenter" in dataset and window is None:
        first = [
            value[0] if hasattr(value, "__iter__") else value for value in (dataset.WindowCenter, dataset.WindowWidth)
        ]
        center, width = map(float, first)
        share = (values - (center - 0.5)) / (width - 1) + 0.5
    else:
        low, high = window or np.percentile(values[~padding], [0.5, 99.5])
        if low == high:
            low, high = values[~padding].min(), values[~padding].max()
        share = (values - low) / (high - low)
    grey = np.rint(np.clip(share, 0, 1) * 255)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = 255 - grey
    return np.where(padding, 0, grey).astype(np.uint8)


def _palette(dataset, stored):
    bands = []
    for color in ("Red", "Green", "Blue"):
        count, first, bits = dataset[f"{color}PaletteColorLookupTableDescriptor"].value
        entries = np.frombuffer(dataset[f"{color}PaletteColorLookupTableData"].value, "<u2")
        bands.append(entries[np.clip(stored.astype(int) - first, 0, (count or 65536) - 1)] >> (bits - 8))
    return np.stack(bands, 2).astype(np.uint8)


def _stored(dataset, frame: int) -> np.ndarray:
    """The numbers in a file, shape `(height, width)` or `(height, width, samples)`."""
    rows, columns, samples = dataset.Rows, dataset.Columns, dataset.SamplesPerPixel
    shape = (rows, columns, samples) if samples > 1 else (rows, columns)
    little = dataset.original_encoding[1] is not False
    signed, bits, stored_bits = dataset.PixelRepresentation, dataset.BitsAllocated, dataset.BitsStored
    if _syntax(dataset).is_compressed and not _syntax(dataset).is_deflated:
        data = list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames") or 1)))[frame]
        values = _decoded(dataset, data).reshape(shape)
    elif bits == 1:
        return np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")[: rows * columns].reshape(
            shape
        )
    elif dataset.PhotometricInterpretation == "YBR_FULL_422":
        pairs = np.frombuffer(dataset.PixelData, np.uint8).reshape(rows, columns // 2, 4)
        values = np.stack([np.repeat(pairs[:, :, 2], 2, 1), np.repeat(pairs[:, :, 3], 2, 1)], 2)
        values = np.concatenate([pairs[:, :, :2].reshape(rows, columns, 1), values], 2)
    else:
        data = dataset.PixelData
        if bits == 8 and not little and dataset["PixelData"].VR == "OW":
            data = np.frombuffer(data, "<u2").byteswap().tobytes()
        size = rows * columns * samples * bits // 8
        values = np.frombuffer(data[frame * size : (frame + 1) * size], f"{'<' if little else '>'}u{bits // 8}")
        planar = samples > 1 and dataset.get("PlanarConfiguration")
        values = np.moveaxis(values.reshape(samples, rows, columns), 0, 2) if planar else values.reshape(shape)
    if values.dtype.kind == "i":
        return values
    values = values.astype(np.int64) & (2**stored_bits - 1)
    return np.where(values >= 2 ** (stored_bits - 1), values - 2**stored_bits, values) if signed else values


def _decoded(dataset, data: bytes) -> np.ndarray:
    name = _syntax(dataset).name
    if "2000" in name:
        return imagecodecs.jpeg2k_decode(data)
    if "JPEG-LS" in name:
        return imagecodecs.jpegls_decode(data)
    if "RLE" in name:
        return _run_lengths(dataset, data)
    if "Lossless" in name:
        return imagecodecs.ljpeg_decode(data)
    if dataset.BitsStored > 8:
        return imagecodecs.jpeg8_decode(data)
    coded = "RGB" if dataset.PhotometricInterpretation == "RGB" and b"JFIF" not in data[:20] else "YCBCR"
    return imagecodecs.jpeg8_decode(data, colorspace=coded, outcolorspace="RGB")


def _is_converted(dataset) -> bool:
    return "JPEG" in _syntax(dataset).name


def _run_lengths(dataset, data: bytes) -> np.ndarray:
    """DICOM PS3.5, annex G: one segment for each byte of each sample, the upper ones first."""
    count, *starts = np.frombuffer(data[:64], "<u4").tolist()
    ends = [*starts[1:count], len(data)]
    parts = [imagecodecs.packbits_decode(data[start:end]) for start, end in zip(starts[:count], ends, strict=True)]
    size = dataset.Rows * dataset.Columns
    planes = [np.frombuffer(part, np.uint8)[:size].astype(np.uint64) for part in parts]
    width = dataset.BitsAllocated // 8
    samples = [
        sum(plane << np.uint64(8 * (width - 1 - number)) for number, plane in enumerate(planes[start : start + width]))
        for start in range(0, len(planes), width)
    ]
    return np.stack(samples, 1) if len(samples) > 1 else samples[0]


def _syntax(dataset):
    known = dataset.file_meta.get("TransferSyntaxUID")
    return known or pydicom.uid.ImplicitVRLittleEndian
