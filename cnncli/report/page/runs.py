"""The page of all runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncli.report.page.charts import points
from cnncli.report.page.template import Explain, rendered

_CURVES = ("val_accuracy", "val_categorical_accuracy", "accuracy", "categorical_accuracy", "val_loss", "loss")
"""Metrics of which the first that a run has is drawn."""

_WIDTH, _HEIGHT, _EDGE = 120, 32, 2  # of a curve


class RunLine(NamedTuple):
    """A run in the list.

    Args:
        name: Its name.
        state: How its training ended.
        reason: Why it did not finish; may be empty.
        started: When, as it is sorted.
        when: The same as people read it.
        epochs: Number of epochs; may be empty.
        accuracy: Accuracy with its interval; may be empty.
        at: The accuracy, 0…1; None if there is none.
        low: Lower end of the interval.
        high: Upper end.
        images: Number of test images; may be empty.
        page: Address of its page from this one; empty without one.
        history: Rows of history.csv, as text.
    """

    name: str
    state: str
    reason: str
    started: str
    when: str
    epochs: str
    accuracy: str
    at: float | None
    low: float
    high: float
    images: str
    page: str
    history: Sequence[Mapping[str, str]]

    @property
    def metric(self) -> str:
        """The metric that is drawn; empty without one."""
        return next((name for name in _CURVES if self.history and name in self.history[0]), "")

    @property
    def curve(self) -> str:
        """Points of a polyline; empty without at least two."""
        values = self._values
        finite = [value for value in values if math.isfinite(value)]
        if len(finite) < 2:
            return ""
        low, apart = min(finite), max(finite) - min(finite) or 1.0
        step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
        room = _HEIGHT - 2 * _EDGE
        return points(
            (_EDGE + at * step, _EDGE + room * (1 - (value - low) / apart)) for at, value in enumerate(values)
        )

    @property
    def first(self) -> str:
        """The first value of the curve."""
        return f"{self._values[0]:.3g}"

    @property
    def last(self) -> str:
        """The last value of the curve."""
        return f"{self._values[-1]:.3g}"

    @property
    def _values(self) -> list[float]:
        return [_number(row.get(self.metric, "")) for row in self.history] if self.metric else []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def runs_html(folder: str, lines: Sequence[RunLine], explain: Explain) -> str:
    """The page of the runs in a folder, to be written with `write`."""
    return rendered("runs.html.j2", explain, folder=folder, lines=lines)
