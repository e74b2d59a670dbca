"""Grey of DICOM files: stored numbers, their meaning such as Hounsfield units, and what part of it is black to white.

Source: DICOM PS3.3, C.7.5.1.1.2 (padding), C.7.6.16.2.9 (scale of a frame), C.11.1 (modality), C.11.2 (window).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

Window = tuple[float, float]
"""The values that become black and white, in the units of the file."""

Rule = Literal["file", "voi-lut", "percentile"]
"""What decides what is black and white where the spec does not: a window or a table in the file, or its pixels."""

_PERCENTILES = (0.5, 99.5)
_FEW = 1 << 16  # levels for which a table is made
_WHITE = 255


class FileWindow(NamedTuple):
    """A window as a file has it, in its units; the function is `LINEAR`, `LINEAR_EXACT` or `SIGMOID`."""

    center: float
    width: float
    function: str = "LINEAR"


def grey_pixels(stored: np.ndarray, elements: Any, frame: int, window: Window | None, little: bool) -> np.ndarray:
    """What a network gets of the stored numbers of one frame, whole numbers or floats of shape `(height, width)`.

    Without a window of the spec, that of the file counts.

    Returns:
        uint8, shape `(height, width)`; padding is black.
    """
    levels, index = _levels(stored)
    padding = _is_padding(levels, elements)
    values = _values(levels, elements, frame, little)
    if window is not None:
        shown = _between(values, *window)
    elif (of_file := file_window(elements, frame)) is not None:
        shown = _windowed(values, of_file)
    elif (table := _table(elements, "VOILUTSequence", little)) is not None:
        shown = table.looked_up(values) * (_WHITE / (2**table.bits - 1))
    else:
        counts = np.bincount(index.ravel(), minlength=len(levels))
        shown = _between(values, *_usual_range(values, np.where(padding, 0, counts)))
    grey = np.rint(np.clip(shown, 0, _WHITE)).astype(np.uint8)
    if elements.PhotometricInterpretation == "MONOCHROME1":
        grey = _WHITE - grey
    grey[padding] = 0
    return np.asarray(grey[index])


def rule_of(elements: Any, frame: int) -> Rule:
    """What decides what is black and white in a frame, unless the spec does."""
    if file_window(elements, frame) is not None:
        return "file"
    return "voi-lut" if elements.get("VOILUTSequence") else "percentile"


def file_window(elements: Any, frame: int) -> FileWindow | None:
    """The first window that a file has for a frame; one without a width is none."""
    for item in (_functional(elements, frame, "FrameVOILUTSequence"), elements):
        centers, widths = (numbers(item, f"Window{part}") for part in ("Center", "Width")) if item else ([], [])
        if centers and widths and widths[0] > 0:
            return FileWindow(centers[0], widths[0], str(item.get("VOILUTFunction") or "LINEAR"))
    return None


def scale_of(elements: Any, frame: int) -> tuple[float, float] | None:
    """Slope and intercept of a frame: its own, those of all frames, or those of the file; None for none."""
    item = _functional(elements, frame, "PixelValueTransformationSequence") or elements
    slope, intercept = numbers(item, "RescaleSlope"), numbers(item, "RescaleIntercept")
    if slope or intercept:
        return (slope or [1])[0], (intercept or [0])[0]
    dose = numbers(elements, "DoseGridScaling")
    return (dose[0], 0) if dose else None


def numbers(item: Any, keyword: str) -> list[float]:
    """The numbers of an element; none where it is missing or empty."""
    value = item.get(keyword)
    if value is None or value == "":
        return []
    several = value if not isinstance(value, str | bytes) and hasattr(value, "__iter__") else [value]
    try:
        return [float(one) for one in several]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{keyword} is not a number") from error


class Table(NamedTuple):
    """A table of a file, such as a palette."""

    first: float  # the number that its first entry is for; smaller ones have the first entry, larger ones the last
    bits: int  # bits of an entry
    entries: np.ndarray  # whole numbers, shape `(entries,)`

    @classmethod
    def of(cls, descriptor: Any, data: Any, little: bool) -> Table:
        """The table of a descriptor (entries, first number, bits) and its data, which are bytes or numbers."""
        count, first, bits = (int(number) for number in descriptor)
        count = count or 1 << 16
        if not 0 < bits <= 16:
            raise ValueError(f"a table declares entries of {bits} bits")
        order = "<" if little else ">"
        if isinstance(data, bytes):
            entries = np.frombuffer(data[: len(data) & ~1], f"{order}u2")
            if bits <= 8 and len(data) < 2 * count:
                entries = entries.astype("<u2").view(np.uint8)  # two in each word
        else:
            entries = np.asarray(data, np.int64).ravel() & 0xFFFF
            if bits <= 8 and len(entries) < count:
                entries = entries.astype("<u2").view(np.uint8)
        if len(entries) < count:
            raise ValueError(f"a table declares {count:,} entries and has {len(entries):,}")
        return cls(first, bits, entries[:count])

    def looked_up(self, values: np.ndarray) -> np.ndarray:
        """The entry for each number, float64."""
        first = self.first
        if first >= 1 << 15 and values.size and values.max() < first:  # a negative number, written as an unsigned one
            first -= 1 << 16
        places = np.clip(np.rint(values) - first, 0, len(self.entries) - 1).astype(np.int64)
        return self.entries[places].astype(np.float64)


def _table(elements: Any, sequence: str, little: bool) -> Table | None:
    items = elements.get(sequence)
    return Table.of(items[0].LUTDescriptor, items[0].LUTData, little) if items else None


def _levels(stored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that occur, or may, as float64 in rising order, and for each pixel which of them it has."""
    if stored.dtype.kind in "iu":
        low, high = int(stored.min()), int(stored.max())
        if high - low < _FEW:
            return np.arange(low, high + 1, dtype=np.float64), (stored - stored.dtype.type(low)).astype(np.uint16)
    levels, index = np.unique(stored, return_inverse=True)
    return levels.astype(np.float64), index.reshape(stored.shape)


def _is_padding(levels: np.ndarray, elements: Any) -> np.ndarray:
    """Which numbers stand for no measurement; files mix up signed and unsigned here."""
    ends = numbers(elements, "PixelPaddingValue")
    if not ends:
        return np.zeros(len(levels), bool)
    ends = [ends[0], *(numbers(elements, "PixelPaddingRangeLimit") or ends)[:1]]
    whole = 2.0 ** int(elements.BitsAllocated)
    if elements.get("PixelRepresentation"):
        ends = [end - whole if end >= whole / 2 else end for end in ends]
    else:
        ends = [end + whole if end < 0 else end for end in ends]
    return (levels >= min(ends)) & (levels <= max(ends))


def _values(levels: np.ndarray, elements: Any, frame: int, little: bool) -> np.ndarray:
    """What stored numbers mean, such as Hounsfield units."""
    scale = scale_of(elements, frame)
    if scale is not None:
        return levels * scale[0] + scale[1]
    table = _table(elements, "ModalityLUTSequence", little)
    return levels if table is None else table.looked_up(levels)


def _between(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values so that those up to `low` are 0 and those from `high` on are 255."""
    if low == high:
        return np.where(values < low, 0.0, np.where(values > high, _WHITE, 0.0))
    return (values - low) * _WHITE / (high - low)


def _windowed(values: np.ndarray, window: FileWindow) -> np.ndarray:
    """Values brought to 0…255 by a window of a file.

    Source: DICOM PS3.3, C.11.2.1.2 (linear) and C.11.2.1.3 (sigmoid, and linear exact).
    """
    center, width, function = window
    if function == "SIGMOID":
        return _WHITE / (1 + np.exp(np.clip(-4 * (values - center) / width, -700, 700)))
    if function == "LINEAR_EXACT" or width < 1:
        return _between(values, center - width / 2, center + width / 2)
    if width == 1:
        return np.where(values > center - 0.5, float(_WHITE), 0.0)
    return _between(values, center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2)


def _usual_range(values: np.ndarray, counts: np.ndarray) -> Window:
    """The percentiles 0.5 and 99.5, interpolated; the extremes where these are the same."""
    present = counts > 0
    if not present.any():
        return 0, 0
    order = np.argsort(values, kind="stable")
    ranks = np.cumsum(counts[order])
    at = np.array(_PERCENTILES) / 100 * (ranks[-1] - 1)
    below, above = (values[order][np.searchsorted(ranks, place(at), "right")] for place in (np.floor, np.ceil))
    low, high = below + (above - below) * (at - np.floor(at))
    if low == high:
        low, high = values[present].min(), values[present].max()
    return float(low), float(high)


def _functional(elements: Any, frame: int, keyword: str) -> Any:
    """What a file of several frames says of one of them, or else of all; None for nothing."""
    for whose, index in (("PerFrame", frame), ("Shared", 0)):
        items = elements.get(f"{whose}FunctionalGroupsSequence")
        if items and index >= len(items):
            raise ValueError(f"it describes {len(items):,} frames and has more")
        if items and (inner := items[index].get(keyword)):
            return inner[0]
    return None
