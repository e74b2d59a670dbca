"""Precision, recall, F1 and support of every class."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sklearn.metrics

from cnncli.records import Evaluation
from cnncli.report.tables import shortest

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

AVERAGES = ("accuracy", "macro avg", "weighted avg")


@dataclass(frozen=True)
class ClassificationReport:
    """How well each class was recognised.

    Args:
        text: Table that `sklearn.metrics.classification_report` prints.
        values: The same numbers in scikit-learn's `output_dict` form, with class names as keys beside `accuracy`,
            `macro avg` and `weighted avg`. A class of one of these names has ` (class)` behind its own.
    """

    text: str
    values: dict[str, Any]


def classification_report(evaluation: Evaluation) -> ClassificationReport:
    """Precision, recall, F1 and support of each class of an evaluation, also of those that the split lacks.

    Source:
        scikit-learn, `sklearn.metrics.classification_report`.
    """
    names = evaluation.class_names
    # With all classes as labels scikit-learn prints `accuracy`, else `micro avg`
    shared = {"labels": range(len(names)), "zero_division": 0}
    truth, predicted = evaluation.labels, evaluation.predicted  # (images,), (images,)
    text = sklearn.metrics.classification_report(truth, predicted, target_names=list(names), **shared)
    # By index, because two of the names may be equal, or one of them may be "accuracy"
    indices = [str(index) for index in range(len(names))]
    numbers = sklearn.metrics.classification_report(truth, predicted, target_names=indices, output_dict=True, **shared)
    values: dict[str, Any] = {
        f"{name} (class)" if name in AVERAGES else name: _plain(numbers[index])
        for index, name in zip(indices, names, strict=True)
    }
    accuracy, *averages = AVERAGES
    values |= {accuracy: float(numbers[accuracy]), **{name: _plain(numbers[name]) for name in averages}}
    return ClassificationReport(text, values)


def _plain(row: dict[str, Any]) -> dict[str, float | int]:
    """The row with Python's own numbers, which JSON can hold."""
    return {name: int(value) if name == "support" else float(value) for name, value in row.items()}


def metrics_of(evaluation: Evaluation, report: ClassificationReport) -> dict[str, Any]:
    """Content of `metrics.json`: one flat mapping of names to numbers, loss and accuracy first.

    Metrics of the evaluation take precedence over figures of the same name in its report.
    """
    own = {name: _json_number(value) for name, value in evaluation.metrics.items()}
    first = {"split": evaluation.split, "images": len(evaluation.labels)}
    macro = report.values["macro avg"]
    figures = {
        "loss": own.get("loss"),
        "accuracy": report.values["accuracy"],
        "macro_precision": macro["precision"],
        "macro_recall": macro["recall"],
        "macro_f1": macro["f1-score"],
        "weighted_f1": report.values["weighted avg"]["f1-score"],
    }
    return first | figures | own | first


def write_metrics(data: EvaluationData, path: Path) -> None:
    """Writes `metrics.json`."""
    _write_json(metrics_of(data.evaluation, data.report), path)


def write_text(data: EvaluationData, path: Path) -> None:
    """Writes `report.txt`."""
    _write(data.report.text, path)


def write_values(data: EvaluationData, path: Path) -> None:
    """Writes `report.json`."""
    _write_json(data.report.values, path)


def _json_number(value: float) -> float | None:
    """The number with the fewest digits that give back the float32; JSON has neither nan nor infinity."""
    return float(shortest(value)) if math.isfinite(value) else None


def _write_json(values: dict[str, Any], path: Path) -> None:
    _write(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)


def _write(text: str, path: Path) -> None:
    # A folder name that is not UTF-8 has lone surrogates here; the escape is what JSON has for them as well
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
