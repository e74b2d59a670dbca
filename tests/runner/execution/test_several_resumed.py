"""A training on several devices that was killed ends with the bits of one that never was, and may change devices."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from comparison import assert_same

from cnncli.runs import RunDir

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

KILLED_AT = Path(__file__).parents[1] / "killed_at.py"
CHECKPOINT_WITHIN_AN_EPOCH = 45  # boundaries of writes before it


def call(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def spec(shared):
    return shared("train: {devices: [CPU:0, CPU:1]}")


@pytest.fixture(scope="module")
def killed(spec, tmp_path_factory):
    runs = tmp_path_factory.mktemp("killed")
    ended = call(KILLED_AT, CHECKPOINT_WITHIN_AN_EPOCH, "train", spec, "--runs-dir", runs, "-q")
    assert ended.returncode == -9, ended.stderr
    return runs / "shared-001"


def test_the_bits_are_those_of_a_training_that_was_never_killed(spec, killed, tmp_path):
    whole = call("-m", "cnncli", "train", spec, "--runs-dir", tmp_path, "-q")
    assert whole.returncode == 0, whole.stderr
    run = shutil.copytree(killed, tmp_path / "copy")
    resumed = call("-m", "cnncli", "resume", run, "-q")
    assert resumed.returncode == 0, resumed.stderr
    assert_same(RunDir(run), RunDir(tmp_path / "shared-001"))
    assert json.loads((run / "environment.json").read_text())["devices"] == ["CPU:0", "CPU:1"]


def test_another_number_of_devices_continues_it_and_says_what_changes(killed, tmp_path):
    run = shutil.copytree(killed, tmp_path / "copy")
    resumed = call("-m", "cnncli", "resume", run, "--devices", "1")
    assert resumed.returncode == 0, resumed.stderr
    assert "devices CPU:0 and CPU:1, now one" in resumed.stderr
    assert "Dropout and noise are drawn otherwise by another number of devices" in resumed.stderr
    assert json.loads((run / "environment.json").read_text())["resumed"][0]["differs"] == [
        "devices CPU:0 and CPU:1, now one"
    ]
