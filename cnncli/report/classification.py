"""Precision, recall, F1 and support of every class."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sklearn.metrics

from cnncli.records import Evaluation
from cnncli.report.tables import shortest

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

AVERAGES = ("accuracy", "macro avg", "weighted avg")


class ClassRow(NamedTuple):
    """One line of the report: a class, or an average over all of them.

    Args:
        name: of the class, or `macro avg`, `weighted avg`.
        precision: share of the images called so that are so; 0 when none was called so.
        recall: share of the images that are so and were called so; 0 when the split has none.
        f1: harmonic mean of precision and recall.
        support: images of the class in the split.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ClassificationReport:
    """How well each class was recognised.

    Args:
        text: the table that `sklearn.metrics.classification_report` prints.
        values: the same as plain numbers, in sklearn's `output_dict` form.
        rows: one for each class, in the order of the model's outputs.
        accuracy: share of all images that were recognised.
        macro: mean over classes, each counting the same.
        weighted: mean over classes, each counting as often as it occurs.
    """

    text: str
    values: dict[str, Any]
    rows: tuple[ClassRow, ...]
    accuracy: float
    macro: ClassRow
    weighted: ClassRow


def classification_report(evaluation: Evaluation) -> ClassificationReport:
    """Precision, recall, F1 and support of each class, also of those that the split lacks.

    All classes of the model are passed to sklearn as `labels`. They always contain every class that occurs, so
    sklearn prints an `accuracy` row; it is for a strict subset only that it prints `micro avg` in its place.

    Args:
        evaluation: of at least one image.

    Returns:
        The report as text, as JSON-able values and as rows.

    Source:
        scikit-learn, `sklearn.metrics.classification_report`.
    """
    names = evaluation.class_names
    shared = {"labels": range(len(names)), "zero_division": 0}
    truth, predicted = evaluation.labels, evaluation.predicted  # (images,), (images,)
    text = sklearn.metrics.classification_report(truth, predicted, target_names=list(names), **shared)
    # By index, because two of the names may be alike, or one of them may be "accuracy".
    numbers = sklearn.metrics.classification_report(
        truth, predicted, target_names=[str(index) for index in range(len(names))], output_dict=True, **shared
    )
    rows = tuple(_row(name, numbers[str(index)]) for index, name in enumerate(names))
    macro, weighted = (_row(name, numbers[name]) for name in ("macro avg", "weighted avg"))
    accuracy = float(numbers["accuracy"])
    values: dict[str, Any] = {_key(row.name): _values(row) for row in rows}
    values |= {"accuracy": accuracy, "macro avg": _values(macro), "weighted avg": _values(weighted)}
    return ClassificationReport(text, values, rows, accuracy, macro, weighted)


def metrics_of(evaluation: Evaluation, report: ClassificationReport) -> dict[str, Any]:
    """Content of `metrics.json`: one flat mapping of names to numbers, loss and accuracy first.

    Args:
        evaluation: Evaluation whose metrics take precedence over figures of the same name in the report.
        report: Report of the same evaluation.
    """
    own = {name: _json_number(value) for name, value in evaluation.metrics.items()}
    first = {"split": evaluation.split, "images": len(evaluation.labels)}
    loss_and_accuracy = {"loss": own.get("loss"), "accuracy": own.get("accuracy", report.accuracy)}
    averages = {
        "macro_precision": report.macro.precision,
        "macro_recall": report.macro.recall,
        "macro_f1": report.macro.f1,
        "weighted_f1": report.weighted.f1,
    }
    return first | loss_and_accuracy | averages | own | first


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


def _key(name: str) -> str:
    """The name of a class where averages have names, too."""
    return f"{name} (class)" if name in AVERAGES else name


def _row(name: str, numbers: dict[str, float]) -> ClassRow:
    return ClassRow(
        name,
        float(numbers["precision"]),
        float(numbers["recall"]),
        float(numbers["f1-score"]),
        int(numbers["support"]),
    )


def _values(row: ClassRow) -> dict[str, float | int]:
    return {"precision": row.precision, "recall": row.recall, "f1-score": row.f1, "support": row.support}
