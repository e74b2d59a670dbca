"""Several devices make the steps of one, shown on parts of the processor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("steps_on_devices.py")
CLOSE = 1e-5
"""Rounding: sums over a batch are made in another order."""


def compared(*cases: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, PROGRAM, *cases], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def assert_close(result: dict[str, Any]) -> None:
    assert result["names"]  # of a checkpoint, which can be continued on either
    assert result["metrics"] <= CLOSE
    assert result["values"] <= CLOSE
    assert result["same"]


EQUAL = ("everything", "three", "Lion", "Muon", "global_clipnorm", "overwritten", "normalized")
OTHER = ("own statistics", "overflow", "dropout", "backbone")


@pytest.fixture(scope="module")
def every() -> dict[str, Any]:
    return compared(*EQUAL, *OTHER)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EQUAL)
def test_whatever_the_optimizer_and_the_number_of_devices(every, case):
    assert_close(every[case])


@pytest.mark.exhaustive
def test_statistics_of_each_device_differ_from_those_of_the_batch_but_are_averaged(every):
    result = every["own statistics"]
    assert result["values"] > 0.01
    assert result["same"]


@pytest.mark.exhaustive
def test_a_step_is_left_out_by_all_when_the_gradient_of_one_overflows(every):
    result = every["overflow"]
    one, shared = result["iteration"]
    assert one == shared
    assert max(shared) == 4  # of six: one in each epoch is left out
    assert result["dynamic_scale"] == [[8192.0], [8192.0]]
    assert result["same"]


@pytest.mark.exhaustive
def test_every_device_draws_its_own_dropout_equally_often(every):
    (first_seed, first_drawn), (second_seed, second_drawn) = every["dropout"]["states"]
    assert first_seed != second_seed
    assert first_drawn == second_drawn == 6


@pytest.mark.exhaustive
def test_a_backbone_has_a_copy_on_every_device_and_synchronised_statistics(every):
    assert every["backbone"] == {"copies": 2, "synchronized": [True]}
