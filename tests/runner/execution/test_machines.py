"""Two processes make the steps of two devices, as docs/distributed.md shows it; and end and continue together."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

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
