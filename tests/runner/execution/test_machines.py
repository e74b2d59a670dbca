"""Two devices, or two processes as docs/distributed.md shows it: a training that was killed ends with the same bits."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from comparison import assert_same

from cnncli.runs import RunDir

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

DOCS = Path(__file__).parents[3] / "docs" / "distributed.md"
KILLED_AT = Path(__file__).parents[1] / "killed_at.py"
CHECKPOINT_WITHIN_AN_EPOCH = 45  # boundaries of writes before it


def commands(spec: Path, addresses: str) -> list[list[str]]:
    """Those of the two shells, with another spec and other ports."""
    block = re.search(r"<!-- two shells -->\n```bash\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    text = block[1].replace("photographs.yaml", str(spec)).replace("localhost:5000,localhost:5001", addresses)
    return [shlex.split(line, comments=True)[1:] for line in text.splitlines()]


def together(*parts: list[str]) -> list[tuple[int, str]]:
    """The exit code of each process and what it wrote to stderr."""
    started = [
        subprocess.Popen([sys.executable, *part], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for part in parts
    ]
    texts = [process.communicate()[1] for process in started]
    return [(process.returncode, text) for process, text in zip(started, texts, strict=True)]


@pytest.fixture(scope="module")
def spec(shared):
    return shared()


@pytest.fixture(scope="module")
def whole(spec, tmp_path_factory):
    """A training on two devices of one process."""
    runs = tmp_path_factory.mktemp("devices")
    (ended,) = together(["-m", "cnncli", "train", spec, "--devices", "CPU:0,CPU:1", "--runs-dir", runs])
    assert ended[0] == 0, ended[1]
    return RunDir(runs / "shared-001")


@pytest.fixture(scope="module")
def killed(spec, tmp_path_factory):
    """The same, killed."""
    runs, devices = tmp_path_factory.mktemp("killed"), "train.devices=[CPU:0, CPU:1]"
    killed_at = [KILLED_AT, str(CHECKPOINT_WITHIN_AN_EPOCH)]
    (ended,) = together([*killed_at, "train", spec, "--set", devices, "--runs-dir", runs, "-q"])
    assert ended[0] == -9, ended[1]
    return runs / "shared-001"


def test_the_bits_of_two_devices_are_those_of_a_training_that_was_never_killed(killed, whole, tmp_path):
    run = shutil.copytree(killed, tmp_path / "copy")
    (resumed,) = together(["-m", "cnncli", "resume", run, "-q"])
    assert resumed[0] == 0, resumed[1]
    assert_same(RunDir(run), whole)
    assert json.loads((run / "environment.json").read_text())["devices"] == ["CPU:0", "CPU:1"]


def test_another_number_of_devices_continues_it_and_says_what_changes(killed, tmp_path):
    run = shutil.copytree(killed, tmp_path / "copy")
    ((code, text),) = together(["-m", "cnncli", "resume", run, "--devices", "1"])
    assert code == 0, text
    assert "devices CPU:0 and CPU:1, now one" in text
    assert "Dropout and noise are drawn otherwise by another number of devices" in text
    assert json.loads((run / "environment.json").read_text())["resumed"][0]["differs"] == [
        "devices CPU:0 and CPU:1, now one"
    ]


def test_two_processes_give_the_bits_of_two_devices(spec, whole, free_addresses, tmp_path):
    parts = [["-m", "cnncli", *command, "--runs-dir", tmp_path] for command in commands(spec, free_addresses)]
    ended = together(*parts)
    assert [code for code, _ in ended] == [0, 0], ended
    assert_same(RunDir(tmp_path / "shared-001"), whole)
    environment = json.loads((tmp_path / "shared-001" / "environment.json").read_text())
    assert environment["workers"] == free_addresses.split(",")
    assert environment["devices"] == ["rank 0 CPU:0", "rank 1 CPU:0"]
    log = (tmp_path / "shared-001.rank-1.log").read_text().splitlines()
    assert log[-1] == "finished"
    assert sum(line.startswith("epoch ") for line in log) == 3


def test_killed_and_resumed_they_give_the_same(spec, whole, free_addresses, tmp_path):
    first, second = commands(spec, free_addresses)
    chief = [str(KILLED_AT), str(CHECKPOINT_WITHIN_AN_EPOCH), *first, "--runs-dir", tmp_path]
    (killed, _), (left, text) = together(chief, ["-m", "cnncli", *second, "--runs-dir", tmp_path / "elsewhere"])
    assert (killed, left) == (-9, 5)
    assert f"error: rank 0 ({free_addresses.split(',')[0]}) has gone" in text
    run = RunDir(tmp_path / "shared-001")
    assert run.status()["state"] == "interrupted"
    resumed = ["-m", "cnncli", "resume", run.path, "--workers", free_addresses, "--rank"]
    ended = together([*resumed, "0"], [*resumed, "1", "--runs-dir", tmp_path / "elsewhere"])
    assert [code for code, _ in ended] == [0, 0], ended
    assert_same(run, whole)


HEAVY = """
name: heavy
seed: 0
data: {{source: {{arrays: {{path: {images}}}}}}}
model:
  layers:
    - Conv2D: {{filters: 2, kernel_size: 3, activation: relu}}
    - Flatten
    - Dense: {{units: classes, activation: softmax}}
train:
  epochs: 6
  batch_size: 16
  precision: mixed_float16
  optimizer: {{SGD: {{learning_rate: 0.05}}}}
  loss: CategoricalCrossentropy
  class_weight: {{"2": 10000.0}}
"""


def test_a_step_is_left_out_by_both_when_the_gradient_of_one_overflows(free_addresses, tmp_path):
    from cnncli.data.orders import all_shuffled
    from cnncli.startup import tf

    random = np.random.default_rng(0)
    arrays = {
        f"x_{split}": random.integers(0, 256, (48, 6, 6, 1)).astype(np.uint8) for split in ("train", "val", "test")
    }
    labels = np.append(np.arange(47) % 2, 2)  # one image is so heavy that its gradient is no float16
    np.savez(tmp_path / "images.npz", **arrays, y_train=labels, y_val=labels, y_test=labels)
    spec = tmp_path / "heavy.yaml"
    spec.write_text(HEAVY.format(images=tmp_path / "images.npz"))
    ended = together(*(["-m", "cnncli", *part, "--runs-dir", tmp_path] for part in commands(spec, free_addresses)))
    assert [code for code, _ in ended] == [0, 0], ended
    shuffled = all_shuffled(48, 0)
    places = [int(np.argmax(shuffled(tf.range(48, dtype=tf.int64), tf.constant(n, tf.int64)))) for n in range(6)]
    assert {place % 16 < 8 for place in places} == {True, False}  # on either rank in some epoch
    with np.load(tmp_path / "heavy-001" / "checkpoint" / "state.npz") as state:
        values = {name.rpartition("/")[2]: state[name] for name in state.files if name.startswith("optimizer/")}
    assert values["dynamic_scale"] == 2**15 / 2**6  # halved in each epoch
    assert values["iteration"] == 12  # of 18
