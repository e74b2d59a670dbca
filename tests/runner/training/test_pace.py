"""How many steps fit into a time, how a schedule goes on after each decision, and what is believed of a record."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from cases import each

from cnncli.runner.training.pace import Leg, Pace, Speed, fitting_steps, next_leg, parse_legs, shares, start_pace

SPEED = Speed(per_step=0.1, per_epoch=5)


@each(
    "seconds, done, least, end",
    [
        (100, 0, 0, 800),  # four epochs of 200 steps and a validation each
        (110, 0, 0, 850),  # and a part of a fifth
        (110, 0, 6, 800),  # too small a part
        (99.9, 0, 0, 799),
        (10, 0, 0, 50),  # part of the first
        (10, 0, 6, 50),  # the only one is never too small
        (3, 0, 0, 1),  # never nothing
        (20, 50, 0, 200),  # the rest of an epoch under way
        (45, 50, 0, 400),
        (12, 50, 0, 120),
        (1, 50, 0, 50),
        (-1, 50, 0, 50),
        (50, 400, 0, 800),
    ],
)
def test_the_steps_that_fit_count_every_validation(seconds, done, least, end):
    assert fitting_steps(seconds, SPEED, 200, done, least) == end


def test_a_schedule_begins_where_the_first_decision_is_made_and_ends_with_the_training():
    first = next_leg(None, 0, 40, 1040)
    assert (first.position_at(40), first.position_at(540), first.position_at(1040)) == (0, 500, 1000)
    slower = next_leg(first, 0, 540, 790)  # half as many steps remain: it goes twice as fast from where it is
    assert (slower.total, slower.position_at(540), slower.position_at(541)) == (1000, 500, 502)
    assert slower.position_at(790) == 1000
    ended = next_leg(slower, 0, 600, 600)
    assert ended.position_at(600) == slower.position_at(600)


def test_the_decision_that_holds_is_the_last_before_a_step_of_the_phase():
    legs = (Leg(1, 10, 0.0, 90, 100), Leg(1, 50, 40.0, 90, 80), Leg(2, 5, 0.0, 45, 50))
    pace = Pace(legs=legs)
    assert [pace.leg_at(1, step) for step in (9, 10, 49, 50)] == [None, legs[0], legs[0], legs[1]]
    assert (pace.leg_at(2, 4), pace.leg_at(2, 50)) == (None, legs[2])


def test_starting_counts_but_leaves_the_steps_half_of_the_time():
    assert start_pace(10, 60, None) == Pace(spent=10)
    assert start_pace(50, 60, None) == Pace(spent=30)
    assert start_pace(50, None, None) == Pace(spent=50)
    assert start_pace(50, 60, ()) == Pace(spent=30, fixed=True)


def test_stages_share_the_time_by_their_epochs():
    assert shares(100, [2, 3]) == 40
    assert shares(60, [3]) == 60


GOOD = asdict(Leg(0, 40, 2.5, 100, 140))


def test_a_record_reads_back():
    assert parse_legs([GOOD]) == (Leg(0, 40, 2.5, 100, 140),)


@each(
    "record",
    [
        None,
        [None],
        [{}],
        [{**GOOD, "more": 1}],
        [{**GOOD, "step": -1}],
        [{**GOOD, "step": True}],
        [{**GOOD, "step": 2.0}],
        [{**GOOD, "end": 39}],
        [{**GOOD, "total": 0, "position": 0}],
        [{**GOOD, "position": float("nan")}],
        [{**GOOD, "position": 101}],
        [{**GOOD, "position": "2"}],
        [GOOD, {**GOOD, "step": 39}],
        [GOOD] * 10_001,
    ],
)
def test_a_damaged_record_is_refused(record):
    with pytest.raises(ValueError, match="its decisions on max_time"):
        parse_legs(record)
