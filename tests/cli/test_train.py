"""A real training from the command line, and the same numbers again afterwards."""

import json
import subprocess
import sys

import pytest


def run(*arguments):
    program = [sys.executable, "-m", "cnncli"]
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_training_leaves_a_run_that_evaluates_to_the_same_numbers(tmp_path):
    trained = run("train", "configs/mnist.yaml", "--set", "train.epochs=1", "--runs-dir", str(tmp_path))
    assert (trained.returncode, trained.stderr) == (0, "")
    folder = tmp_path / "mnist-001"
    for name in (
        "spec.yaml",
        "history.csv",
        "report.txt",
        "predictions.csv",
        "plots/history.png",
        "plots/mistakes.png",
    ):
        assert (folder / name).is_file(), name
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["accuracy"] > 0.95
    moved = folder.rename(tmp_path / "elsewhere")
    evaluated = run("evaluate", str(moved), "--json")
    assert evaluated.returncode == 0
    again = json.loads(evaluated.stdout)
    assert {key: again[key] for key in metrics} == metrics
    assert run("evaluate", str(moved), "--fail-under", "accuracy=0.9999").returncode == 7
