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


@pytest.mark.exhaustive
def test_a_step_is_that_of_one_device_with_the_whole_batch():
    """One test, since it takes one program half a minute, and each process of tests would start its own."""
    every = compared(*EQUAL, *OTHER)
    for case in EQUAL:
        assert_close(every[case])

    own = every["own statistics"]  # they differ from those of the batch, but are averaged
    assert own["values"] > 0.01
    assert own["same"]

    overflow = every["overflow"]  # a step is left out by all when the gradient of one overflows
    one, shared = overflow["iteration"]
    assert one == shared
    assert max(shared) == 4  # of six: one in each epoch is left out
    assert overflow["dynamic_scale"] == [[8192.0], [8192.0]]
    assert overflow["same"]

    (first_seed, first_drawn), (second_seed, second_drawn) = every["dropout"]["states"]  # each draws its own as often
    assert first_seed != second_seed
    assert first_drawn == second_drawn == 6

    assert every["backbone"] == {"copies": 2, "synchronized": [True]}
