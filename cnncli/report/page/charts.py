"""Curves as SVG paths, in units of the drawing; without ids, which would clash on one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnncli.records import History

WIDTH, HEIGHT = 420, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 30
_TICKS = 4


@dataclass(frozen=True)
class Tick:
    """A number beside an axis, and where it stands."""

    at: float
    text: str


@dataclass(frozen=True)
class Curves:
    """A metric over the epochs, in training and in validation.

    Args:
        name: The metric.
        training: Points of an SVG polyline; empty without values.
        validation: The same.
        up: Ticks of the vertical axis.
        along: Ticks of the horizontal axis.
        best: Horizontal place of the best epoch.
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
    if low == high:
        low, high = low - 0.5, high + 0.5
    last = max(len(history.epochs), 2)

    def across(epoch: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (epoch - 1) / (last - 1)

    def down(value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)

    lines = {
        key: " ".join(
            f"{across(at):.1f},{down(value):.1f}" for at, value in enumerate(values, start=1) if math.isfinite(value)
        )
        for key, values in series.items()
    }
    levels = [low + (high - low) * step / _TICKS for step in range(_TICKS + 1)]
    epochs = sorted({1 + round((len(history.epochs) - 1) * step / _TICKS) for step in range(_TICKS + 1)})
    shown = series[f"val_{name}"] if lines[f"val_{name}"] else series[name]
    best = shown[history.best - 1] if history.best else math.nan
    text = f"{name} over {len(history.epochs)} epochs, from {shown[0]:.3g} to {shown[-1]:.3g}"
    return Curves(
        name,
        lines[name],
        lines[f"val_{name}"],
        [Tick(down(level), f"{level:.3g}") for level in levels],
        [Tick(across(epoch), str(epoch)) for epoch in epochs],
        across(history.best) if history.best else math.nan,
        text + (f"; {best:.3g} in the best epoch, {history.best}" if math.isfinite(best) else ""),
    )
