"""The learning rate that a schedule gives at a step, with arithmetic only."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, cos, floor, pi
from typing import Any

from cnncli.catalog import Entry

Get = Callable[[str], Any]


def rate(schedule: Entry, step: int, total_steps: int) -> float:
    """The learning rate at a step.

    Args:
        schedule: as checked, of the family `schedule`.
        step: counted from 0.
        total_steps: what that word stands for in the schedule's arguments.
    """

    def get(argument: str) -> Any:
        value = schedule.get(argument)
        return total_steps if value == "total_steps" else value

    return float(_RULES[schedule.name](get, step))


def _cosine(done: float, alpha: float) -> float:
    """From 1 to alpha along half a wave."""
    return (1 - alpha) * 0.5 * (1 + cos(pi * done)) + alpha


def _cosine_decay(get: Get, step: int) -> float:
    start, warmup, first = get("initial_learning_rate"), get("warmup_steps"), get("warmup_target")
    if first is None:
        first, warmup = start, 0
    if step < warmup:
        return start + (first - start) * step / warmup
    return first * _cosine(min(step - warmup, get("decay_steps")) / get("decay_steps"), get("alpha"))


def _cosine_decay_restarts(get: Get, step: int) -> float:
    length, height = get("first_decay_steps"), 1.0
    while step >= length:
        step, length, height = step - length, length * get("t_mul"), height * get("m_mul")
    wave = height * 0.5 * (1 + cos(pi * step / length))
    return get("initial_learning_rate") * ((1 - get("alpha")) * wave + get("alpha"))


def _done(get: Get, step: int) -> float:
    return floor(step / get("decay_steps")) if get("staircase") else step / get("decay_steps")


def _exponential_decay(get: Get, step: int) -> float:
    return get("initial_learning_rate") * get("decay_rate") ** _done(get, step)


def _inverse_time_decay(get: Get, step: int) -> float:
    return get("initial_learning_rate") / (1 + get("decay_rate") * _done(get, step))


def _piecewise_constant_decay(get: Get, step: int) -> float:
    return get("values")[sum(step > boundary for boundary in get("boundaries"))]


def _polynomial_decay(get: Get, step: int) -> float:
    steps, end = get("decay_steps"), get("end_learning_rate")
    if get("cycle"):
        steps *= max(1, ceil(step / steps))
    return (get("initial_learning_rate") - end) * (1 - min(step, steps) / steps) ** get("power") + end


_RULES: dict[str, Callable[[Get, int], float]] = {
    "CosineDecay": _cosine_decay,
    "CosineDecayRestarts": _cosine_decay_restarts,
    "ExponentialDecay": _exponential_decay,
    "InverseTimeDecay": _inverse_time_decay,
    "PiecewiseConstantDecay": _piecewise_constant_decay,
    "PolynomialDecay": _polynomial_decay,
}
