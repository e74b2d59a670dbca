"""Precision, recall, F1 and support of every class."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn.metrics

from cnncli.insight.probabilities import are_probabilities
from cnncli.records import Evaluation
from cnncli.report.tables import shortest
from cnncli.wording import some

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

AVERAGES = ("accuracy", "macro avg", "weighted avg")

_FRACTION_OF_SUPPORT = re.compile(r"(\d+)\.0$", re.MULTILINE)
_LINE_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


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
    lines = [_LINE_BREAK.sub(lambda match: match[0].encode("unicode_escape").decode(), name) for name in names]
    text = sklearn.metrics.classification_report(truth, predicted, target_names=lines, **shared)
    text = _FRACTION_OF_SUPPORT.sub(r"  \1", text)  # scikit-learn counts in floats where no image is right
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


def log_loss(evaluation: Evaluation) -> float:
    """The log loss, or cross-entropy: the mean of -ln p over all images, where p is the probability of the true class.

    0 is certainty, always right; ln(classes) is guessing. Unlike the loss of a training it has no floor, so it compares
    trainings with different losses. A probability of 0 counts as the smallest float32.

    Returns:
        0 or more; NaN where the outputs are no probabilities, such as those of several sigmoids.

    Source:
        I. J. Good (1952), "Rational Decisions", Journal of the Royal Statistical Society B 14; the same quantity as
        `sklearn.metrics.log_loss` and Keras' `SparseCategoricalCrossentropy`.
    """
    probabilities = evaluation.probabilities  # (images, classes)
    if not are_probabilities(probabilities):
        return math.nan
    of_truth = probabilities[np.arange(len(probabilities)), evaluation.labels].astype(np.float64)  # (images,)
    return float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean()) + 0.0


def summary_line(evaluation: Evaluation) -> str:
    """What was measured and every figure on one line; a loss with a floor is called what it is, beside the log loss.

    Example:
        `test   loss (label smoothing 0.1) 0.5731   log loss 0.0731   accuracy 0.9915`
    """
    parts = [evaluation.title]
    for name, value in evaluation.metrics.items():
        contains = f" ({evaluation.loss_contains})" if name == "loss" and evaluation.loss_contains else ""
        parts.append(f"{name}{contains} {value:.4f}")
        if contains and math.isfinite(plain := log_loss(evaluation)):
            parts.append(f"log loss {plain:.4f}")
    return "   ".join(parts)


def metrics_of(evaluation: Evaluation, report: ClassificationReport) -> dict[str, Any]:
    """Content of `metrics.json`: one flat mapping of names to numbers, loss and accuracy first.

    Metrics of the evaluation take precedence over figures of the same name in its report.
    """
    own = {name: _json_number(value) for name, value in evaluation.metrics.items()}
    first: dict[str, Any] = {"split": evaluation.split, "images": len(evaluation.labels)}
    first |= {"weights": evaluation.weights} | ({"on": evaluation.on} if evaluation.on else {})
    macro = report.values["macro avg"]
    figures = {
        "loss": own.get("loss"),
        "log_loss": _json_number(log_loss(evaluation)),
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
    lines = [data.report.text, unmeasured_line(data.evaluation), summary_line(data.evaluation)]
    _write("\n".join(filter(None, lines)) + "\n", path)


def unmeasured_line(evaluation: Evaluation) -> str:
    """What to know of a report on images that lack a class; empty when they show every class."""
    counts = np.bincount(evaluation.labels, minlength=len(evaluation.class_names))
    names = [name for name, count in zip(evaluation.class_names, counts.tolist(), strict=True) if not count]
    if not names:
        return ""
    row, them = ("its row is", "it") if len(names) == 1 else ("their rows are", "them")
    return f"no {evaluation.split} images of {some(names)}: {row} 0, and the macro average counts {them}"


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
