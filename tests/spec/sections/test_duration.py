"""Durations as people write them, and what they are told about the rest."""

from __future__ import annotations

import pytest
from cases import each

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.reader import read
from cnncli.spec.sections.duration import seconds_of
from cnncli.spec.sections.stages import UNLIMITED

SPEC = "data: {source: mnist}\nmodel: {layers: [Flatten, Dense: {units: classes, activation: softmax}]}\n"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10m", 600),
        ("90s", 90),
        ("1h30m", 5400),
        ("1h 30 min", 5400),
        ("2 hours", 7200),
        ("1.5h", 5400),
        ("1d", 86400),
        ("45 sec", 45),
        (600, 600),
        (0.5, 0.5),
    ],
)
def test_a_duration_is_a_number_of_seconds(value, seconds):
    assert seconds_of(value) == seconds


@each(
    "value", ["10", "m", "", "ten minutes", "30m1h", "-5m", "0m", "1:30", "10 parsecs", 0, -3, True, None, [10], "1e3s"]
)
def test_anything_else_is_none(value):
    assert seconds_of(value) is None


def train_of(section):
    return parse(read(f"{SPEC}train: {section}\n", "a.yaml")).spec.train


def test_a_spec_keeps_it_as_written_and_says_what_it_expects():
    assert (train_of("{max_time: 10m}").max_time, train_of("{max_time: 10m}").max_seconds) == ("10m", 600)
    assert train_of("{epochs: 3}").max_seconds is None
    for wrong in ("soon", "0", "[10]"):
        with pytest.raises(SpecError) as caught:
            train_of(f"{{max_time: {wrong}}}")
        (problem,) = caught.value.problems
        assert problem.key == "train.max_time"
        assert problem.message.startswith("expected a duration such as 10m, 90s or 1h30m, or a number of seconds, got")


def test_with_a_limit_the_epochs_are_one_too_or_as_many_as_fit():
    assert train_of("{max_time: 10m, epochs: 3}").epochs == 3
    assert train_of("{max_time: 10m}").epochs == UNLIMITED
    assert train_of("{max_time: null}").epochs == 10
    assert train_of("{max_time: 10m, stages: [{epochs: 2}, {epochs: 5}]}").epochs == 7
