"""Commands that are stopped: by Ctrl-C, or with `kill -9` at random moments."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "colors.py"


def started(*arguments, **variables):
    program = [sys.executable, PROGRAM, "predict", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(program, env={**os.environ, **variables}, **pipes)


def until(process, file):
    """Waits until a file is there, or the process has ended."""
    while not file.exists() and process.poll() is None:
        time.sleep(0.005)


def test_ctrl_c_keeps_what_is_done_and_says_how_to_continue(run_folder, photos, tmp_path):
    out = tmp_path / "answers.csv"
    with started(photos, "--run", run_folder, "--out", out, "--overwrite", HANGS="1") as process:
        until(process, tmp_path / "answers.csv.parts" / "job.json")
        process.send_signal(signal.SIGINT)
        shown = process.communicate()[1]
    assert process.returncode == 130
    assert (
        f"what is done is kept; to continue: cnncli predict {photos} --run {run_folder} --out {out} --resume" in shown
    )
    assert not out.exists()
    with started(photos, "--run", run_folder, "--out", out, "--resume") as process:
        said = process.communicate()
    assert (process.returncode, "147 predictions" in said[0]) == (3, True), said


@pytest.mark.exhaustive
def test_killed_at_twenty_random_moments_it_ends_with_the_same_bytes(run_folder, photos, tmp_path, contents):
    whole, out, draws = tmp_path / "whole.jsonl", tmp_path / "answers.jsonl", random.Random(0)
    with started(photos, "--run", run_folder, "--out", whole) as process:
        process.communicate()
    kills = 0
    while kills < 20:
        with started(photos, "--run", run_folder, "--out", out, "--resume") as process:
            until(process, tmp_path / "answers.jsonl.parts")
            time.sleep(draws.uniform(0, 0.3))
            process.kill()
        kills += process.returncode == -signal.SIGKILL
        if out.exists():
            assert out.read_bytes() == whole.read_bytes()
            if not (tmp_path / "answers.jsonl.parts").exists():
                assert contents(out) == contents(whole)
                for file in tmp_path.glob("answers.jsonl*"):
                    file.unlink()
    with started(photos, "--run", run_folder, "--out", out, "--resume") as process:
        process.communicate()
    assert contents(out) == contents(whole)
