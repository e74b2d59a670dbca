"""Durations are computed from marks, and add up."""

import pytest

from cnncli.runner.preflight.timing import (
    Seconds,
    StageSeconds,
    checkpoints_within,
    fit_epochs,
    seconds_per_step,
)
from cnncli.spec.schema import Checkpoint

pytestmark = pytest.mark.slow


def test_steps_of_the_warm_up_do_not_count():
    assert seconds_per_step([(0.0, 1), (0.5, 2), (1.1, 8), (1.6, 9), (3.1, 12)]) == pytest.approx(0.5)
    # nor those whose batches were prepared before, though they are slow
    assert seconds_per_step([(0.0, 1), (1.1, 3), (3.0, 7), (5.0, 9), (7.0, 11)]) == pytest.approx(1.0)


def test_all_steps_count_where_hardly_one_follows_the_warm_up():
    assert seconds_per_step([(0.0, 0), (1.0, 30), (1.2, 33)]) == pytest.approx(1.2 / 33)
    assert seconds_per_step([(0.0, 1), (5.0, 2)]) == 5.0


@pytest.mark.parametrize(
    ("when", "steps", "seconds", "expected"),
    [
        ({}, 100, 299, 0),
        ({}, 100, 301, 1),
        ({"minutes": None}, 100, 1e6, 0),
        ({"steps": 10}, 100, 1, 9),  # the last is the one at the end
        ({"steps": 10}, 101, 1, 10),
        ({"steps": 50, "minutes": 1}, 100, 600, 10),
    ],
)
def test_checkpoints_within_an_epoch_are_counted(when, steps, seconds, expected):
    assert checkpoints_within(Checkpoint(**when), steps, seconds) == expected


def test_a_whole_training_is_the_sum_of_its_parts():
    first = StageSeconds(epochs=4, before=1, training=10, validation=5, checkpoints=0, saving=0.5)
    second = StageSeconds(epochs=2, before=2, training=30, validation=5, checkpoints=1, saving=0.5)
    assert Seconds(decoding=1, before=2, stages=(first, second), after=3).total == 6 + (1 + 4 * 15.5) + (2 + 2 * 36.5)


def test_with_max_time_as_many_epochs_as_fit_are_counted():
    first = StageSeconds(epochs=4, before=2, training=10, validation=5, checkpoints=0, saving=1)
    second = StageSeconds(epochs=100, before=10, training=30, validation=5, checkpoints=0, saving=1)
    assert [stage.epochs for stage in fit_epochs((first,), 100, 34)] == [2]
    assert [stage.epochs for stage in fit_epochs((first,), 100, 10)] == [0.2]
    assert [stage.epochs for stage in fit_epochs((first,), 100, 1000)] == [4]
    fitted = fit_epochs((first, second), 100, 1000)
    assert [stage.epochs for stage in fitted] == [2, 26]  # of 104 epochs the first has 4, and 38 s for them
    assert sum(stage.total for stage in fitted) == pytest.approx(1000, rel=0.05)
