"""Where in an image the evidence for a class was, by any engine: the image is classified with one part after another
covered, as images of other requests are.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.decode.input_format import positions
from cnncli.insight.heatmap import Evidence, Occlusion, checked_by_covering
from cnncli.insight.probabilities import log_odds
from cnncli.records import Covered
from cnncli.serve.images import Unread, decoded

if TYPE_CHECKING:
    from cnncli.data.decode.input_format import InputFormat
    from cnncli.serve.batches import Batches
    from cnncli.serve.served import Model

_MOST_CELLS = 64
"""Rows, and columns, of a map in an answer: enough for windows that lie an eighth of the image apart."""


class _Picture:
    """An image that is decoded when it is its turn."""

    pixels: np.ndarray
    size: tuple[int, int]

    def __init__(self, file: bytes, image_format: InputFormat) -> None:
        self._file, self._format = file, image_format

    def read(self) -> np.ndarray:
        self.pixels, self.size = decoded(self._file, self._format, "the image")
        return self.pixels


async def heat_map(batches: Batches, model: Model, file: bytes, class_name: str | None) -> dict[str, Any]:
    """The answer to a request for a heat map.

    Args:
        batches: What classifies.
        model: The run that is asked.
        file: The image.
        class_name: Class that the evidence is for; None for the one that is predicted.

    Raises:
        Refused: The queue is full, or the image cannot be read.
    """
    picture = _Picture(file, model.image)
    (before,) = await batches.probabilities(model, [Unread(picture.read, len(file))])
    label = int(before.argmax()) if class_name is None else model.classes.index(class_name)
    windows = Occlusion(picture.pixels)
    covered = await batches.probabilities(
        model, [Unread(partial(windows.covered, number)) for number in range(len(windows))]
    )
    odds = log_odds(np.stack([before, *covered]), label)
    evidence = windows.evidence(odds[0], odds[1:])
    checked = await asyncio.to_thread(checked_by_covering, picture.pixels, evidence)
    checks = np.stack(
        await batches.probabilities(model, [Unread(partial(np.asarray, each)) for each in checked], is_accepted=True)
    )
    odds = log_odds(checks, label)
    check = Covered(float(checks[0, label]), float(checks[1:, label].mean()), bool(odds[0] < odds[1:].mean()))
    rows, columns = positions(picture.size, model.image)
    return {
        "class": model.classes[label],
        "probability": float(before[label]),
        "image": dict(zip(("height", "width"), picture.size, strict=True)),
        "map": _shown(evidence, rows, columns),
        "pixels": _resolution(windows.spacing, rows, columns),
        "hottest_covered": check.hottest,
        "elsewhere_covered": check.elsewhere,
        "note": check.doubt(model.classes[label], bool(evidence.values.any())),
    }


def _shown(evidence: Evidence, rows: np.ndarray, columns: np.ndarray) -> list[list[float]]:
    """The map over the whole image in a few rows and columns, 0…1."""
    few = [side[_centers(len(side))] for side in (rows, columns)]
    values: list[list[float]] = evidence.over(*few).astype(np.float64).round(3).tolist()
    return values


def _centers(side: int) -> np.ndarray:
    """The pixels in the middle of as many equal parts of a side as a map has."""
    cells = min(side, _MOST_CELLS)
    return ((np.arange(cells) + 0.5) * side / cells).astype(int)


def _resolution(spacing: Sequence[float], rows: np.ndarray, columns: np.ndarray) -> int:
    """Pixels of the image, for pixels of the network's: what is smaller is not located."""
    scales = [_scale(each) for each in (rows, columns)]
    located = max(each / scale for each, scale in zip(spacing, scales, strict=True))
    return min(math.ceil(located) or 1, max(len(rows), len(columns)))


def _scale(places: np.ndarray) -> float:
    """Pixels of the network's for one of the image."""
    seen = places[~np.isnan(places)]
    return float((seen[-1] - seen[0]) / (len(seen) - 1)) if len(seen) > 1 else 1.0
