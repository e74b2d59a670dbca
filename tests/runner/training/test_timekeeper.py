"""A training that is simulated on a clock of its own ends on time, whatever happens to its speed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from cnncli.runner.training.pace import Leg, Pace
from cnncli.runner.training.timekeeper import Timekeeper

STEPS = 100
VALIDATION = 5  # steps that it takes as long as


class Simulation:
    """A phase of a training: calls of about half a second, a validation after each epoch.

    Args:
        max_seconds: Time limit.
        per_step: Duration of a step at a time.
        epochs: Epochs of all phases.
        pace: What was before.
    """

    def __init__(self, max_seconds: float, per_step: Callable[[float], float], epochs=(10_000,), pace=Pace()):  # noqa: B008
        self.now, self.done, self._per_step, self._epochs = pace.spent, 0, per_step, epochs
        self.keeper = Timekeeper(max_seconds, pace, lambda: self.now)
        self.keeper.start_phase(0, STEPS, epochs, VALIDATION * 0.8, resumed=False)

    def run(self) -> None:
        while self.done < self.keeper.end:
            self.keeper.begin_epoch(self.done)
            end = min(self.done - self.done % STEPS + STEPS, self.keeper.end)
            while self.done < end:
                paced = max(1, min(self.done, int(0.5 / self._per_step(self.now))))  # twice as many at a time
                count = min([paced, end - self.done, *(s - self.done for s in self.keeper.stops(self.done, end))])
                self.now += count * self._per_step(self.now)
                self.done += count
                self.keeper.after_steps(self.done)
                if self.done < end and self.keeper.decide(self.done):
                    end = min(end, self.keeper.end)
            self.now += VALIDATION * self._per_step(self.now)
            self.keeper.decide(self.done)


@pytest.mark.parametrize(
    "per_step",
    [
        lambda now: 0.05,
        lambda now: 0.05 if now < 100 else 0.1,  # another program starts
        lambda now: 0.1 if now < 150 else 0.03,  # it ends
        lambda now: 0.5 if now < 3 else 0.05,  # a slow start
        lambda now: 0.9,  # fewer than four epochs
        lambda now: 4.0,  # less than one
        lambda now: 0.05 * (1 + 0.5 * (int(now / 7) % 2)),  # never steady
    ],
)
def test_it_ends_within_five_percent_of_the_time_with_the_schedule_at_its_end(per_step):
    simulation = Simulation(300, per_step)
    simulation.run()
    assert simulation.now == pytest.approx(300, rel=0.05)
    legs = simulation.keeper.legs
    assert 1 <= len(legs) <= 50
    assert legs[-1].position_at(simulation.done) == pytest.approx(legs[0].total, rel=0.05)
    for before, leg in pairwise(legs):
        assert leg.position == pytest.approx(before.position_at(leg.step))


@pytest.mark.parametrize("seconds", [0.25, 0.4])  # of a step on images of a quarter of the pixels, in full ones
@pytest.mark.parametrize("limit", [30, 300])
def test_steps_on_smaller_images_are_quicker_and_fewer_seconds_are_expected_of_them(seconds, limit):
    def half(end: int) -> int:
        return end // STEPS // 2 * STEPS

    def work(first: int, end: int) -> float:
        return end - first - 0.75 * max(0, half(end) - first)

    simulation = Simulation(limit, lambda now: 0.05)
    keeper = simulation.keeper
    keeper.start_phase(0, STEPS, (10_000,), VALIDATION, resumed=False, work=work)
    done = 0
    while done < keeper.end:
        keeper.begin_epoch(done)
        small, end = done < half(keeper.end), min(done + STEPS, keeper.end)
        while done < end:
            simulation.now += 0.05 * (seconds if small else 1.0)
            done += 1
            keeper.after_steps(done, 0.25 if small else 1.0)
            if done < end and keeper.decide(done):
                end = min(end, keeper.end)
        simulation.now += VALIDATION * 0.05
        keeper.decide(done)
    assert simulation.now == pytest.approx(limit, rel=0.05)
    assert len(keeper.legs) < 30


def test_the_epochs_of_the_spec_are_a_limit_too_and_the_schedule_ends_with_them():
    simulation = Simulation(3600, lambda now: 0.01, epochs=(3,))
    simulation.run()
    assert simulation.done == 3 * STEPS
    (leg,) = simulation.keeper.legs
    assert leg.end == 3 * STEPS
    assert leg.step <= 0.1 * leg.end


def test_when_the_time_is_over_it_stops_after_the_step():
    simulation = Simulation(10, lambda now: 60.0)
    simulation.run()
    assert simulation.done == 2
    assert simulation.keeper.legs[-1].end == 2


def test_a_slow_first_step_leaves_the_others_half_of_the_time():
    simulation = Simulation(60, lambda now: 0.05 if now else 200.0)
    simulation.run()
    assert simulation.now == pytest.approx(230, rel=0.05)
    assert simulation.done > 400


def test_time_spent_before_counts():
    simulation = Simulation(300, lambda now: 0.05, pace=Pace(spent=200.0))
    simulation.run()
    assert simulation.now == pytest.approx(300, rel=0.05)


def test_the_first_of_two_stages_leaves_the_second_its_share():
    simulation = Simulation(300, lambda now: 0.05, epochs=(40, 20))
    simulation.run()
    assert simulation.now == pytest.approx(200, rel=0.05)


def test_recorded_decisions_are_repeated_whatever_the_clock_says():
    first = Simulation(300, lambda now: 0.05 if now < 100 else 0.1)
    first.run()
    again = Simulation(300, lambda now: 7.0, pace=Pace(legs=first.keeper.legs, fixed=True))
    decided: list[Leg] = []
    decide = again.keeper.decide
    again.keeper.decide = lambda done: (leg := decide(done)) and (decided.append(leg) or leg)  # type: ignore[method-assign]
    again.run()
    assert again.done == first.done
    assert tuple(decided) == first.keeper.legs
