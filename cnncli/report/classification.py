"""Precision, recall, F1 and support of every class."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.insight.calibration import Calibration, calibration
from cnncli.insight.figures import ClassCounts, counts_of
from cnncli.insight.measure import Measured, measure
from cnncli.insight.probabilities import are_probabilities
from cnncli.records import AugmentationGain, Evaluation
from cnncli.report.tables import shortest, write_json, write_utf8
from cnncli.wording import counted, p_text, some, with_interval

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

_SHOWN = (
    (("macro_f1", "macro F1"), ("kappa", "kappa")),
    (("mcc", "MCC"), ("top_5_accuracy", "top-5")),
    (("roc_auc", "ROC area"), ("pr_auc", "PR area")),
)
_MORE = ("balanced_accuracy", "kappa", "mcc", "top_5_accuracy", "roc_auc", "pr_auc")
_WIDEST_INDENT = 16
_WIDEST_LINE = 80

AVERAGES = ("accuracy", "macro avg", "weighted avg")

_COLUMNS = ("precision", "recall", "f1-score", "support")

COLUMN = "recall, 95 %"
"""Heading of the column of intervals; beside the accuracy stands that of the accuracy."""

_LINE_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class ClassificationReport:
    """How well each class was recognised.

    Args:
        text: Table as that of `sklearn.metrics.classification_report`, with the intervals of recall and accuracy.
        values: The same numbers in scikit-learn's `output_dict` form, with class names as keys beside `accuracy`,
            `macro avg` and `weighted avg`. A class of one of these names has ` (class)` behind its own. Each class has
            `recall_interval` and `precision_interval` as well, None without images.
        measured: All figures of the evaluation with their intervals.
        calibration: What confidences mean; None of fewer than 50 images, or where outputs are no probabilities.
    """

    text: str
    values: dict[str, Any]
    measured: Measured
    calibration: Calibration | None


def classification_report(evaluation: Evaluation) -> ClassificationReport:
    """Precision, recall, F1 and support of each class of an evaluation, also of those that the split lacks.

    A figure that is 0/0 is 0.

    Source:
        `sklearn.metrics.classification_report`, whose table and figures these are: to import it takes longer than all
        else of a report.
    """
    names, measured = evaluation.class_names, measure(evaluation)
    counts = counts_of(evaluation.labels, evaluation.predicted, len(names))
    scores = _scores(counts)  # (3, classes)
    averages = {
        AVERAGES[1]: [float(row.mean()) for row in scores],
        AVERAGES[2]: [float(np.average(row, weights=counts.true)) for row in scores],
    }
    images, accuracy = len(evaluation.labels), float(counts.right.sum() / len(evaluation.labels))
    of_classes = list(zip(scores.T.tolist(), counts.true.tolist(), strict=True))
    values: dict[str, Any] = {
        f"{name} (class)" if name in AVERAGES else name: {
            **_row(figures, support),
            "precision_interval": _ends(measured.precisions[index]),
            "recall_interval": _ends(measured.recalls[index]),
        }
        for index, (name, (figures, support)) in enumerate(zip(names, of_classes, strict=True))
    }
    values |= {AVERAGES[0]: accuracy, **{name: _row(figures, images) for name, figures in averages.items()}}
    lines = [_LINE_BREAK.sub(lambda match: match[0].encode("unicode_escape").decode(), name) for name in names]
    table = [(line, *row, ends) for line, row, ends in zip(lines, of_classes, measured.recalls.tolist(), strict=True)]
    last: list[_Line] = [
        (AVERAGES[0], ["", "", accuracy], images, measured.intervals.get("accuracy")),
        (AVERAGES[1], averages[AVERAGES[1]], images, measured.intervals.get("macro_recall")),
        (AVERAGES[2], averages[AVERAGES[2]], images, None),
    ]
    logits = evaluation.logits
    of_confidences = None if logits is None else calibration(logits, evaluation.labels, evaluation.groups)
    return ClassificationReport(_text(table, last), values, measured, of_confidences)


def _scores(counts: ClassCounts) -> np.ndarray:
    """Precision, recall and F1 of each class, `(3, classes)`; 0 where it is 0/0."""
    right, of = counts.right, np.stack([counts.predicted, counts.true, counts.predicted + counts.true])
    return np.stack([right, right, 2 * right]) / np.maximum(of, 1)


def _row(figures: Sequence[float], support: int) -> dict[str, float | int]:
    return dict(zip(_COLUMNS, [*figures, support], strict=True))


_Line = tuple[str, Sequence[float | str], int, Sequence[float] | None]
"""Name, figures, images, and an interval if there is one."""


def _text(classes: Sequence[_Line], averages: Sequence[_Line]) -> str:
    """The table, laid out as scikit-learn does, with a column more."""
    width = max(len(name) for name, *_ in (*classes, *averages))
    lines = [f"{'':>{width}} {''.join(f' {name:>9}' for name in _COLUMNS)}   {COLUMN}"]
    for block in (classes, averages):
        lines.append("")
        for name, figures, support, ends in block:
            cells = "".join(f" {figure if isinstance(figure, str) else f'{figure:.2f}':>9}" for figure in figures)
            interval = "" if ends is None or math.isnan(ends[0]) else f"   {ends[0]:.2f}–{ends[1]:.2f}"
            lines.append(f"{name:>{width}} {cells} {support:>9}{interval}")
    return "\n".join(lines) + "\n"


def _ends(interval: np.ndarray) -> list[float] | None:
    return interval.tolist() if np.isfinite(interval).all() else None


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


def summary_lines(evaluation: Evaluation, report: ClassificationReport) -> list[str]:
    """What was measured, every figure with its interval, and what there are too few images for.

    A loss with a floor is called what it is, beside the log loss.

    Example:
        test   loss (label smoothing 0.1) 0.5731   log loss 0.0731
               accuracy 0.9915 (0.9895–0.9931), 10,000 images
               macro F1 0.9914 (0.9896–0.9932)   kappa 0.9905 (0.9885–0.9926)
               MCC 0.9905 (0.9885–0.9926)   top-5 1.0000 (0.9996–1.0000)
               ROC area 0.9999 (0.9998–0.9999)   PR area 0.9994 (0.9989–0.9997)
               mean confidence 0.9934, accuracy 0.9915;
               most off: 0.97 means 0.951 (0.935–0.963) here
    """
    measured = report.measured
    parts = [evaluation.title]
    for name, value in evaluation.metrics.items():
        contains = f" ({evaluation.loss_contains})" if name == "loss" and evaluation.loss_contains else ""
        if name == "accuracy":
            parts.append(f"accuracy {_counted_accuracy(measured)}")
        else:
            parts.append(f"{name}{contains} {value:.4f}")
        if contains and math.isfinite(plain := log_loss(evaluation)):
            parts.append(f"log loss {plain:.4f}")
    if "accuracy" not in evaluation.metrics:
        parts.append(f"accuracy {_counted_accuracy(measured)}")
    indent = _indent(evaluation)
    lines = _packed(parts, indent)
    for names in _SHOWN:
        figures = ((text, measured.figures.get(name, math.nan), measured.intervals.get(name)) for name, text in names)
        shown = [
            f"{text} {with_interval(value, ends, measured.images)}" for text, value, ends in figures if value == value
        ]
        lines.append(indent + "   ".join(shown))
    if measured.too_few:
        lines.append(f"{indent}no intervals of averages: {measured.too_few}")
    if evaluation.augmented is not None:
        lines += [indent + line for line in _gain_lines(evaluation.augmented, measured.images)]
    if report.calibration is not None:
        first, second = report.calibration.sentence.split("; ")
        lines += [f"{indent}{first};", indent + second]
    return [line for line in lines if line.strip()]


def _packed(parts: Sequence[str], indent: str) -> list[str]:
    """The title and the figures behind it, in lines that a terminal of 80 columns and a pipe show alike."""
    lines = [parts[0]]
    for number, part in enumerate(parts[1:]):
        if number and len(lines[-1]) + 3 + len(part) > _WIDEST_LINE:
            lines.append(indent + part)
        else:
            lines[-1] += f"   {part}"
    return lines


def _indent(evaluation: Evaluation) -> str:
    return " " * (len(evaluation.title) + 3 if len(evaluation.title) < _WIDEST_INDENT else _WIDEST_INDENT)


def _gain_lines(gain: AugmentationGain, images: int) -> Iterator[str]:
    """What test-time augmentation brings."""
    yield f"with {counted(gain.views, 'view')} of each image ({gain.words}):"
    loss = "" if gain.log_loss is None else f"   log loss {gain.log_loss:.4f}, of one view {gain.log_loss_of_one:.4f}"
    yield f"  accuracy {with_interval(gain.accuracy, gain.interval, images)}{loss}"
    ends = gain.gain_interval
    between = "" if ends is None else f" ({100 * ends[0]:+.1f} to {100 * ends[1]:+.1f})"
    yield f"  {100 * gain.gain:+.1f} points{between}, p {p_text(gain.p)}"


def _counted_accuracy(measured: Measured) -> str:
    of = counted(measured.images, "image") + (f" in {counted(measured.groups, 'group')}" if measured.groups else "")
    accuracy, interval = measured.figures["accuracy"], measured.intervals.get("accuracy")
    return f"{with_interval(accuracy, interval, measured.images)}, {of}"


def metrics_of(evaluation: Evaluation, report: ClassificationReport) -> dict[str, Any]:
    """Content of `metrics.json`: names with numbers, loss and accuracy first, and at the end their intervals.

    Metrics of the evaluation take precedence over figures of the same name in its report.
    """
    own = {name: _json_number(value) for name, value in evaluation.metrics.items()}
    first: dict[str, Any] = {"split": evaluation.split, "images": len(evaluation.labels)}
    first |= {"weights": evaluation.weights} | ({"on": evaluation.on} if evaluation.on else {})
    macro, measured = report.values["macro avg"], report.measured
    figures = {
        "loss": own.get("loss"),
        "log_loss": _json_number(log_loss(evaluation)),
        "accuracy": report.values["accuracy"],
        "macro_precision": macro["precision"],
        "macro_recall": macro["recall"],
        "macro_f1": macro["f1-score"],
        "weighted_f1": report.values["weighted avg"]["f1-score"],
    }
    more = {name: measured.figures.get(name, math.nan) for name in _MORE}
    figures |= {name: value if math.isfinite(value) else None for name, value in more.items()}
    last: dict[str, Any] = {"groups": measured.groups} if measured.groups else {}
    if evaluation.augmented is not None:
        last["tta"] = asdict(evaluation.augmented)
    last["intervals"] = {name: list(ends) for name, ends in measured.intervals.items()}
    return first | figures | own | first | last


def write_metrics(data: EvaluationData, path: Path) -> None:
    """Writes `metrics.json`."""
    write_json(metrics_of(data.evaluation, data.report), path)


def write_text(data: EvaluationData, path: Path) -> None:
    """Writes `report.txt`."""
    lines = [data.report.text, unmeasured_line(data.evaluation)]
    lines += summary_lines(data.evaluation, data.report)
    lines += [_indent(data.evaluation) + line for line in data.sure_lines]
    write_utf8("\n".join(filter(None, lines)) + "\n", path)


def unmeasured_line(evaluation: Evaluation) -> str:
    """What to know of a report on images that lack a class; empty when they show every class."""
    counts = np.bincount(evaluation.labels, minlength=len(evaluation.class_names))
    names = [name for name, count in zip(evaluation.class_names, counts.tolist(), strict=True) if not count]
    if not names:
        return ""
    what = f"{evaluation.split} images" if evaluation.split else "images"
    row, them = ("its row is", "it") if len(names) == 1 else ("their rows are", "them")
    return (
        f"no {what} of {some(names)}: {row} 0, and the macro average counts {them}; ROC and PR areas leave {them} out"
    )


def write_values(data: EvaluationData, path: Path) -> None:
    """Writes `report.json`."""
    write_json(data.report.values, path)


def _json_number(value: float) -> float | None:
    """The number with the fewest digits that give back the float32; JSON has neither nan nor infinity."""
    return float(shortest(value)) if math.isfinite(value) else None
