"""The logits of an evaluation: all that confidences, calibration and sets of classes are computed from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnncli.records import Evaluation
from cnncli.report.artifacts import NotApplicable

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

MOST_LOGITS = 1 << 24
"""Logits of a split at most, 64 MiB: of 1,000 classes those of 16,777 images."""


def write_logits(data: EvaluationData, path: Path) -> None:
    """Writes the logits of the evaluation and of the validation images with the labels, as arrays without pickles."""
    if data.evaluation.logits is None:
        raise NotApplicable("the outputs of an image do not add up to 1")
    arrays = arrays_of(data.evaluation) | ({} if data.validation is None else arrays_of(data.validation))
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def arrays_of(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """The arrays of one split: `test`, `test_labels`, and `test_images`, the places of these images in the split.

    Of more images than `MOST_LOGITS` allows they are a sample at equal distances.
    """
    if evaluation.logits is None:
        return {}
    total, classes = evaluation.logits.shape
    indices = np.linspace(0, total - 1, min(total, MOST_LOGITS // classes)).astype(np.int32)  # (kept,)
    return {
        evaluation.split: evaluation.logits[indices],  # (kept, classes)
        f"{evaluation.split}_labels": evaluation.labels[indices].astype(np.int32),  # (kept,)
        f"{evaluation.split}_images": indices,
    }
