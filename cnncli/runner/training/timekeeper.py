"""The clock of a training with `train.max_time`: measures its speed and decides where each phase ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import exp, inf

from cnncli.runner.training.pace import Leg, Pace, Speed, fitting_steps, next_leg, shares

MEASURED = 0.03
"""Share of the time, and of all steps, after which the first decision is made, at most `LONGEST_MEASURED` seconds."""

LONGEST_MEASURED = 10.0

TOLERANCE = 0.02
"""Share of the whole time by which a phase may be expected to miss its end; also the least time between decisions."""

EARLY_TOLERANCE = 0.1
"""The same, as a share of the time that is left: what is measured early is uncertain, and can still be corrected."""

MEMORY = 0.05
"""Share of the whole time over which the speed of steps is averaged."""


_ROUNDS = 8


def _each_the_same(first: int, end: int) -> float:
    """All steps are on whole images."""
    return end - first


class Timekeeper:
    """Decides how many steps each phase has, so that the training ends on time.

    Args:
        max_seconds: Time for the training.
        pace: Time that was spent and decisions that were made before.
        clock: Gives seconds.

    Attributes:
        legs: All decisions so far.
    """

    def __init__(self, max_seconds: float, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_seconds, self._clock, self._began = max_seconds, clock, clock() - pace.spent
        self.fixed, self.legs, self._until = pace.fixed, pace.legs, pace.until
        self._decided = pace.spent  # when the last decision was made
        self._most_for_start = max(max_seconds / 2, pace.spent)

    @property
    def pace(self) -> Pace:
        """Time and decisions up to now."""
        return Pace(self._clock() - self._began, self._until, self.legs, self.fixed)

    def start_phase(
        self,
        stage: int,
        steps: int,
        epochs: Sequence[int],
        validation: float,
        resumed: bool,
        work: Callable[[int, int], float] = _each_the_same,
    ) -> None:
        """Starts to measure a phase.

        Args:
            stage: Its number.
            steps: Steps of its epochs.
            epochs: Its largest number of epochs, and those of the phases after it.
            validation: Estimated duration of a validation, in steps, for as long as none was measured.
            resumed: Whether it is continued, and keeps the time that it was given when it started.
            work: How many steps on whole images the steps from one to the last are worth.
        """
        spent = self._clock() - self._began
        if not resumed:
            self._until = spent + shares(max(0.0, self._max_seconds - spent), epochs)
        self._stage, self._steps, self._most, self._validation = stage, steps, steps * epochs[0], validation
        self._work = work
        self._began_measuring, self._mark = inf, (inf, 0)  # a moment, and the steps done by then
        self._seconds, self._weight = 0.0, 0.0  # of recent steps
        self._between: list[float] = []  # epochs

    @property
    def end(self) -> int:
        """Steps of the phase, as far as is decided."""
        return self._most if self._last is None else min(self._most, self._last.end)

    def stops(self, first: int, last: int) -> list[int]:
        """The steps of the phase between two at which earlier decisions are to be repeated."""
        return [leg.step for leg in self._own if self.fixed and first < leg.step < last]

    def begin_epoch(self, done: int) -> None:
        """The steps of an epoch begin, after the validation and the saving of the one before it."""
        now = self._clock()
        if self._mark[0] < inf and done:
            self._between.append(now - self._mark[0])
        self._mark = (now if self._began_measuring < inf else inf, done)

    def after_steps(self, done: int, pixel_share: float = 1.0) -> None:
        """Measures the steps since the last call; the first one, which also compiles, does not count.

        A step on smaller images, with a share of the pixels, counts as that share of a step.
        If more than half of the time is over after the first steps of all, half of it is left for the others.
        """
        now, (before, counted) = self._clock(), self._mark
        if self._began_measuring == inf and not self.legs:
            self._began = max(self._began, now - self._most_for_start)
        if before < inf:
            kept = exp((before - now) / max(1.0, MEMORY * self._max_seconds))
            self._seconds = self._seconds * kept + now - before
            self._weight = self._weight * kept + (done - counted) * pixel_share
        self._began_measuring = min(self._began_measuring, now)
        self._mark = (now, done)

    def decide(self, done: int) -> Leg | None:
        """The decision that is made after some steps of the phase; None if the one before it still holds."""
        leg = self._last
        if self.fixed:
            return next((each for each in reversed(self._own) if each.step == done), None)
        end = self._new_end(leg, done, self._clock() - self._began)
        if end is None or (leg is not None and end == leg.end):
            return None
        leg = next_leg(leg, self._stage, done, end)
        self.legs, self._decided = (*self.legs, leg), self._clock() - self._began
        return leg

    def _new_end(self, leg: Leg | None, done: int, spent: float) -> int | None:
        """Steps that the phase should have; None for those that it has, or while its speed is not known."""
        left, speed, tolerance = self._until - spent, self._speed, TOLERANCE * self._max_seconds
        if leg is not None and done >= leg.end:
            return None
        if left <= 0:
            return done
        if leg is None:
            window = min(MEASURED * self._max_seconds, LONGEST_MEASURED)
            too_early = done < MEASURED * self._most and self._clock() - self._began_measuring < window
        else:
            too_early = spent - self._decided < tolerance
        if too_early or speed is None:
            return None
        if leg is not None:
            epochs = -(-leg.end // self._steps) - done // self._steps
            expected = self._work(done, leg.end) * speed.per_step + epochs * speed.per_epoch
            if abs(expected - left) <= max(tolerance, EARLY_TOLERANCE * left):
                return None
        end = self._most if leg is None else leg.end
        for _ in range(_ROUNDS):  # how long a step takes on average depends on where the training ends
            worth = self._work(done, end) / max(1, end - done)
            each = Speed(speed.per_step * worth, speed.per_epoch)
            end = min(self._most, fitting_steps(left, each, self._steps, done, tolerance))
        return end

    @property
    def _own(self) -> list[Leg]:
        """The decisions on this phase."""
        return [leg for leg in self.legs if leg.stage == self._stage]

    @property
    def _last(self) -> Leg | None:
        return self._own[-1] if self._own else None

    @property
    def _speed(self) -> Speed | None:
        """Measured so far; None before the second call of the loop."""
        if not self._weight:
            return None
        per_step, between = self._seconds / self._weight, self._between[1:] or self._between  # the first also compiles
        return Speed(per_step, sum(between) / len(between) if between else self._validation * per_step)
