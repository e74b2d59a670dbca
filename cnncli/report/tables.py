"""Tables that spreadsheets and programs read, predictions.csv and history.csv, and JSON files."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cnncli.records import History

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData

# First characters of a formula for a spreadsheet; some accept the full-width signs
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def write_predictions(data: EvaluationData, path: Path) -> None:
    """Writes the prediction for every image, one row each: `image,true,predicted,probability`."""
    evaluation = data.evaluation
    names = [cell(name) for name in evaluation.class_names]
    # As `shortest`, for all at once
    probabilities = map(repr, evaluation.confidence.astype(np.float32).astype(str).astype(float).tolist())
    labels, predicted = evaluation.labels.tolist(), evaluation.predicted.tolist()
    columns = zip(evaluation.images, labels, predicted, probabilities, strict=True)
    rows = ((cell(image), names[true], names[taken], probability) for image, true, taken, probability in columns)
    _write_rows(path, ("image", "true", "predicted", "probability"), rows)


def write_history(history: History, path: Path) -> None:
    """Writes one row per epoch: number, stage where there is one, every metric, learning rate, seconds."""
    metrics = metric_names(history)
    staged = any(epoch.stage for epoch in history.epochs)
    rows = (
        (
            str(epoch.number),
            *([str(epoch.stage)] if staged else []),
            *(shortest(epoch.metrics[name]) if name in epoch.metrics else "" for name in metrics),
            shortest(epoch.learning_rate),
            f"{epoch.seconds:.3f}",
        )
        for epoch in history.epochs
    )
    _write_rows(path, ("epoch", *["stage"] * staged, *map(cell, metrics), "learning_rate", "seconds"), rows)


def metric_names(history: History) -> list[str]:
    """Names of all metrics of all epochs: loss, accuracy, the others in their order; then those of the validation."""
    seen = {name: None for epoch in history.epochs for name in epoch.metrics}
    first = ("loss", "accuracy")

    def place(name: str) -> tuple[bool, int]:
        family = name.removeprefix("val_")
        return name.startswith("val_"), first.index(family) if family in first else len(first)

    return sorted(seen, key=place)


def shortest(value: float) -> str:
    """The fewest digits that identify the float32.

    Keras computes in float32, whose 0.9766 would print as 0.9765999913215637 as a Python float.

    Example:
        >>> shortest(0.9765999913215637)
        '0.9766'
    """
    with np.errstate(over="ignore"):
        single = np.float32(value)
    # Through text, because numpy writes 1e-04 where Python writes 0.0001
    return repr(float(value if np.isinf(single) and not math.isinf(value) else str(single)))


def cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: a `'` goes before what would start one.

    Example:
        >>> cell("=1+1"), cell("-0.5"), cell("cat")
        ("'=1+1", '-0.5', 'cat')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text) else text


def set_cell(class_names: Sequence[str]) -> str:
    """Several classes as one cell: a list as JSON has it, since any character may be in a name.

    Example:
        >>> set_cell(["cat", "dog"]), set_cell([])
        ('["cat", "dog"]', '[]')
    """
    return json.dumps(list(class_names), ensure_ascii=False)


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    # File names that are not UTF-8 have lone surrogates in Python, which a UTF-8 file cannot contain
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        write_rows(file, [header])
        write_rows(file, rows)


def write_rows(file: IO[str], rows: Iterable[Sequence[str]]) -> None:
    """Writes rows as CSV that reads back exactly, including a carriage return within a name."""
    plain, quoted = csv.writer(file, lineterminator="\n"), csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (quoted if any("\r" in str(field) for field in row) else plain).writerow(row)


def write_json(values: dict[str, Any], path: Path) -> None:
    """Writes a JSON file that people can read, too."""
    write_utf8(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)


def write_utf8(text: str, path: Path) -> None:
    """Writes a text file."""
    # A folder name that is not UTF-8 has lone surrogates here; the escape is what JSON has for them as well
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
