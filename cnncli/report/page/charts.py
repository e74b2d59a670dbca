"""Curves and points as SVG, in units of the drawing; without ids, which would clash on one page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnncli.insight.abstention import Abstention
from cnncli.insight.calibration import Calibration
from cnncli.records import History

WIDTH, HEIGHT = 420, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 34
"""Room for the numbers beside the axes."""

_TICKS = 4


class Tick(NamedTuple):
    """A number beside an axis, and where it stands."""

    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """An axis from one value to another, in so many units of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value stands."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[Tick]:
        """About five round numbers."""
        rough = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * 0.999)
        first, digits = math.ceil(self.low / step - 1e-9), max(0, 1 - math.floor(math.log10(step)))
        numbers = [at * step for at in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [Tick(self.place(number), _short(number, digits)) for number in numbers]


def _short(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}" if abs(number) < 1e5 else f"{number:.2g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def across(low: float, high: float) -> Axis:
    """The horizontal axis of a chart."""
    return Axis(low, high, LEFT, WIDTH - RIGHT)


def upwards(low: float, high: float) -> Axis:
    """The vertical axis of a chart."""
    return Axis(low, high, HEIGHT - BOTTOM, TOP)


@dataclass(frozen=True)
class Curves:
    """A metric over the epochs, in training and in validation.

    Args:
        name: The metric.
        training: Points of an SVG polyline; empty without values.
        validation: The same.
        up: Ticks of the vertical axis.
        along: Ticks of the horizontal axis.
        best: Horizontal place of the best epoch; NaN if there is none.
        text: What the curves show, for those who do not see them.
    """

    name: str
    training: str
    validation: str
    up: Sequence[Tick]
    along: Sequence[Tick]
    best: float
    text: str


def curves_of(history: History, name: str) -> Curves | None:
    """The curves of a metric; None where no epoch has a finite value of it."""
    series = {key: [epoch.metrics.get(key, math.nan) for epoch in history.epochs] for key in (name, f"val_{name}")}
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
    margin = (high - low) / 20 or max(abs(high), 1) / 2
    down = upwards(low - margin, high + margin)
    right = across(1, max(len(history.epochs), 2))
    lines = {
        key: points((right.place(at), down.place(value)) for at, value in enumerate(values, start=1))
        for key, values in series.items()
    }
    epochs = sorted({1 + round((len(history.epochs) - 1) * step / _TICKS) for step in range(_TICKS + 1)})
    shown = series[f"val_{name}"] if lines[f"val_{name}"] else series[name]
    best = shown[history.best - 1] if history.best else math.nan
    text = f"{name} over {len(history.epochs)} epochs, from {shown[0]:.3g} to {shown[-1]:.3g}"
    return Curves(
        name,
        lines[name],
        lines[f"val_{name}"],
        down.ticks(),
        [Tick(right.place(epoch), str(epoch)) for epoch in epochs],
        right.place(history.best) if history.best else math.nan,
        text + (f"; {best:.3g} in the best epoch, {history.best}" if math.isfinite(best) else ""),
    )


def points(places: Iterable[tuple[float, float]]) -> str:
    """Places as the points of an SVG polyline, without those that are not finite."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places if math.isfinite(x) and math.isfinite(y))


class Point(NamedTuple):
    """A point of a reliability diagram with its interval; places in the drawing."""

    x: float
    y: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram.

    Args:
        plain: A point for each bin.
        calibrated: The same with the temperature; empty if there is none.
        up: Ticks of the vertical axis.
        along: Ticks of the horizontal axis.
        diagonal: Ends of the line on which the points of a perfect network lie, as points of a polyline.
    """

    plain: Sequence[Point]
    calibrated: Sequence[Point]
    up: Sequence[Tick]
    along: Sequence[Tick]
    diagonal: str


def reliability_of(plain: Calibration, calibrated: Calibration | None) -> Reliability:
    """The diagram of a calibration, and of that with a temperature."""
    every = [*plain.bins, *(calibrated.bins if calibrated else ())]
    values = [value for each in every for value in (each.confidence, each.accuracy, *each.interval)]
    low = max(0.0, min(value for value in values if math.isfinite(value)) - 0.02)
    right, up = across(low, 1.0), upwards(low, 1.0)

    def shown(result: Calibration) -> Iterator[Point]:
        for each in result.bins:
            low, high = (up.place(end if math.isfinite(end) else each.accuracy) for end in each.interval)
            text = f"{each.confidence:.2f}: {each.accuracy:.2f} of {each.images:,} images are right"
            yield Point(right.place(each.confidence), up.place(each.accuracy), low, high, text)

    diagonal = points([(right.place(low), up.place(low)), (right.place(1.0), up.place(1.0))])
    return Reliability(
        list(shown(plain)), list(shown(calibrated)) if calibrated else [], up.ticks(), right.ticks(), diagonal
    )


@dataclass(frozen=True)
class Selection:
    """Accuracy of the answers against the share that is answered.

    Args:
        line: Points of a polyline.
        band: The intervals around it, as points of a polygon.
        up: Ticks of the vertical axis.
        along: Ticks of the horizontal axis.
    """

    line: str
    band: str
    up: Sequence[Tick]
    along: Sequence[Tick]


def selection_of(abstention: Abstention) -> Selection:
    """The curve of an abstention, from all images answered to few."""
    known = [point for point in abstention.points if math.isfinite(point.accuracy) and math.isfinite(point.interval[0])]
    low = max(0.0, min((point.interval[0] for point in known), default=0.0) - 0.02)
    up, right = upwards(low, 1.0), across(1.0, 0.0)
    line = [(right.place(point.answered), up.place(point.accuracy)) for point in known]
    ends = [[(right.place(point.answered), up.place(point.interval[end])) for point in known] for end in (0, 1)]
    along = [Tick(right.place(share / 100), f"{share} %") for share in range(100, -1, -25)]
    return Selection(points(line), points([*ends[0], *reversed(ends[1])]), up.ticks(), along)
