"""`sets.json` and `abstention.json`: what an answer is worth that may be several classes, or none."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.insight.sets import ClassSets, MeasuredSets
from cnncli.report.tables import write_json

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

GUARANTEE = (
    "Of images like the validation images, such sets hold the right class in at least this share: on average over all "
    "images, and over those of each class that has a threshold of its own. Nothing is promised of a single image, nor "
    "of images from elsewhere."
)


def write_sets(data: EvaluationData, path: Path) -> None:
    """Writes `sets.json`."""
    names = data.evaluation.class_names
    levels = [_level(names, *each) for each in data.sets]
    write_json({"guarantee": GUARANTEE, **_images(data), "levels": levels}, path)


def write_abstention(data: EvaluationData, path: Path) -> None:
    """Writes `abstention.json`."""
    abstention = data.abstention
    points = [{name: _plain(value) for name, value in asdict(point).items()} for point in abstention.points]
    write_json({**_images(data), "sentence": abstention.sentence, "points": points}, path)


def _images(data: EvaluationData) -> dict[str, Any]:
    validation = data.validation
    assert validation is not None
    return {
        "thresholds_from": {"split": validation.split, "images": len(validation.labels)},
        "measured_on": {"split": data.evaluation.split, "images": len(data.evaluation.labels)},
    }


def _level(names: tuple[str, ...], sets: ClassSets, measured: MeasuredSets) -> dict[str, Any]:
    return {
        "level": sets.level,
        "sentence": measured.sentence(sets.level),
        "coverage": measured.coverage,
        "interval": _plain(measured.interval),
        "size": measured.size,
        "single": measured.single,
        "empty": measured.empty,
        "empty_accuracy": _plain(measured.empty_accuracy),
        "classes": [
            {
                "class": name,
                "threshold": _plain(float(sets.thresholds[label])),
                "own": bool(sets.has_own[label]),
                "coverage": _plain(float(measured.class_coverage[label])),
                "interval": _plain(measured.class_intervals[label].tolist()),
            }
            for label, name in enumerate(names)
        ],
    }


def _plain(value: Any) -> Any:
    """A number, or the ends of an interval, as JSON has them: not a number is null."""
    if isinstance(value, list | tuple):
        return [_plain(end) for end in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
