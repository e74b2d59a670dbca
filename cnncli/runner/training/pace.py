"""How a training with `train.max_time` goes on time: how many steps fit, and the record of every such decision.

The weights follow from the spec and these decisions alone: a decision is in the checkpoint before any step depends on
it, so a resumed training keeps to it, and `reproduce` follows those of the first training instead of the clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_MOST_LEGS = 10_000


@dataclass(frozen=True)
class Leg:
    """A decision, which holds from one step of a phase to the next decision.

    Args:
        stage: Number of the phase; 0 in a training without stages.
        step: Steps of the phase done before it.
        position: Step of the learning rate schedule at that moment.
        total: Steps that the schedule has, which `total_steps` stands for.
        end: Steps of the whole phase.
    """

    stage: int
    step: int
    position: float
    total: int
    end: int

    @property
    def slope(self) -> float:
        """Steps of the schedule in each step, so that both end together."""
        return (self.total - self.position) / max(1, self.end - self.step)

    def position_at(self, step: int) -> float:
        """The step of the schedule at a step of the phase."""
        return min(float(self.total), self.position + (step - self.step) * self.slope)


def next_leg(before: Leg | None, stage: int, step: int, end: int) -> Leg:
    """The decision to end a phase after a number of steps.

    Without an earlier decision the schedule begins here: until then the steps had its first learning rate, while their
    speed was measured. Otherwise it goes on from where it is, faster or slower.
    """
    if before is None:
        return Leg(stage, step, 0.0, max(1, end - step), end)
    return Leg(stage, step, before.position_at(step), before.total, end)


@dataclass(frozen=True)
class Pace:
    """Time and decisions of a training, as its checkpoint holds them.

    Args:
        spent: Seconds since the start, without those between an interruption and its end.
        until: Seconds after the start at which the current phase should end.
        legs: Decisions so far, of all phases; with `fixed` all there will be.
        fixed: Whether they are those of an earlier training, to be repeated whatever the clock says.
    """

    spent: float = 0.0
    until: float = 0.0
    legs: tuple[Leg, ...] = ()
    fixed: bool = False

    def leg_at(self, stage: int, step: int) -> Leg | None:
        """The decision that holds in a phase after a number of its steps; None before the first."""
        return next((leg for leg in reversed(self.legs) if leg.stage == stage and leg.step <= step), None)


def start_pace(spent: float, max_seconds: float | None, legs: Sequence[Leg] | None) -> Pace:
    """The pace of a training whose first step comes next; the steps have at least half of the time.

    Args:
        spent: Seconds for starting, and for reading the images.
        max_seconds: Time for all of it; None without a limit.
        legs: Decisions to be repeated; None to measure.
    """
    limit = spent if max_seconds is None else max_seconds / 2
    return Pace(min(spent, limit), legs=tuple(legs or ()), fixed=legs is not None)


def parse_pace(record: Mapping[str, Any]) -> Pace:
    """A pace as JSON has it, which may come from anybody; a ValueError if it is none."""
    spent, until = record.get("spent", 0.0), record.get("until", 0.0)
    if not all(type(value) in (int, float) and math.isfinite(value) for value in (spent, until)):
        raise ValueError("it has other values where seconds belong")
    return Pace(float(spent), float(until), parse_legs(record.get("legs")), record.get("fixed") is True)


def parse_legs(records: Any) -> tuple[Leg, ...]:
    """Decisions as JSON has them; a ValueError if they are none."""
    if not isinstance(records, list) or len(records) > _MOST_LEGS:
        raise ValueError("its decisions on max_time are damaged")
    legs = [_leg(record) for record in records]
    if any((leg.stage, leg.step) < (before.stage, before.step) for before, leg in pairwise(legs)):
        raise ValueError("its decisions on max_time contradict each other")
    return tuple(legs)


def _leg(record: Any) -> Leg:
    numbers = dict(record) if isinstance(record, dict) else {}
    position = numbers.pop("position", None)
    whole = numbers.keys() == {"stage", "step", "total", "end"} and all(type(n) is int for n in numbers.values())
    if not whole or type(position) not in (int, float) or min(numbers.values()) < 0:
        raise ValueError("its decisions on max_time are damaged")
    leg = Leg(position=float(position), **numbers)
    if not (0 <= leg.position <= leg.total and leg.total and leg.end >= max(1, leg.step)):
        raise ValueError("its decisions on max_time contradict each other")
    return leg


@dataclass(frozen=True)
class Speed:
    """Measured durations, in seconds."""

    per_step: float
    per_epoch: float  # besides its steps: validation and saving


def fitting_steps(seconds: float, speed: Speed, steps: int, done: int = 0, least: float = 0.0) -> int:
    """How many steps of a phase have been done when some seconds have passed, counted from its start.

    Args:
        seconds: Time that is left.
        speed: Measured durations.
        steps: Steps of an epoch.
        done: Steps done so far.
        least: Seconds of a last epoch that is not whole; a shorter one is left out, unless it is the only one.

    Example:
        >>> fitting_steps(100, Speed(per_step=0.1, per_epoch=5), steps=200)
        800
        >>> fitting_steps(110, Speed(per_step=0.1, per_epoch=5), steps=200)
        850
        >>> fitting_steps(110, Speed(per_step=0.1, per_epoch=5), steps=200, least=6)
        800
    """
    end = done
    if within := done % steps:
        rest = (steps - within) * speed.per_step + speed.per_epoch
        if seconds < rest:
            return done + max(0, int((seconds - speed.per_epoch) / speed.per_step))
        seconds, end = seconds - rest, done + steps - within
    epochs, rest = divmod(max(0.0, seconds), steps * speed.per_step + speed.per_epoch)
    end += int(epochs) * steps
    partial = rest - speed.per_epoch
    if partial > 0 and (partial >= least or not end):
        end += int(partial / speed.per_step)
    return max(1, end)


def shares(seconds: float, epochs: Sequence[float]) -> float:
    """The first phase's share of the time, when all that are left get as much as they have epochs."""
    return seconds * epochs[0] / sum(epochs)
