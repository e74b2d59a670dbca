"""Training from the command line: what is shown, what is left, and how it is stopped."""

import csv
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from sklearn.metrics import classification_report

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, "-m", "cnncli"]


def test_the_run_is_complete_and_nothing_of_tensorflow_is_shown(trained):
    folder = trained / "small-001"
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert left == {
        "spec.yaml",
        "status.json",
        "environment.json",
        "data.json",
        "history.csv",
        "metrics.json",
        "report.txt",
        "report.json",
        "predictions.csv",
        "log.txt",
        "weights/best.weights.h5",
        "weights/last.weights.h5",
        *(f"plots/{name}.png" for name in ("history", "confusion_matrix", "samples", "mistakes")),
    }
    assert json.loads((folder / "status.json").read_text())["state"] == "finished"
    assert list(trained.iterdir()) == [folder]


def test_the_report_is_scikit_learns_on_the_predictions(trained):
    folder = trained / "small-001"
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = classification_report([row["true"] for row in rows], [row["predicted"] for row in rows])
    assert (folder / "report.txt").read_text().split() == expected.split()


def test_evaluate_gives_the_same_numbers_also_where_the_run_was_moved_to(call, trained, tmp_path):
    recorded = json.loads((trained / "small-001" / "metrics.json").read_text())
    moved = shutil.copytree(trained / "small-001", tmp_path / "elsewhere")
    shown = json.loads(call("evaluate", moved, "--json").out)
    assert {name: shown[name] for name in recorded} == recorded
    report = (trained / "small-001" / "report.txt").read_text()
    assert report.strip() in call("evaluate", "small-001", "--runs-dir", trained).out
    assert call("evaluate", moved, "--fail-under", "accuracy=0.9999").code == 7
    assert call("evaluate", moved, "--fail-under", "accuracy=0.1").code == 0
    misspelt = call("evaluate", moved, "--fail-under", "acuracy=0.1")
    assert (misspelt.code, "did you mean 'accuracy'?" in misspelt.err) == (2, True)
    assert call("evaluate", moved, "--fail-under", "split=1").code == 2
    validation = json.loads(call("evaluate", moved, "--split", "validation", "--json").out)
    with (moved / "history.csv").open() as file:
        assert float(next(csv.DictReader(file))["val_accuracy"]) == pytest.approx(validation["accuracy"], abs=1e-6)


def test_the_spec_of_a_run_trains_to_the_same_weights(call, trained, tmp_path):
    result = call("train", trained / "small-001" / "spec.yaml", "--runs-dir", tmp_path, "--quiet")
    assert result.out == f"{tmp_path / 'small-001'}\n"
    for name in ("history.csv", "predictions.csv"):
        again, before = ((folder / "small-001" / name).read_text() for folder in (tmp_path, trained))
        assert _without_seconds(again) == _without_seconds(before)


def _without_seconds(table):
    rows = list(csv.DictReader(table.splitlines()))
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_spec_with_mistakes_leaves_no_run(call, tmp_path):
    result = call("train", "configs/mnist.yaml", "--set", "train.epochs=0", "--runs-dir", tmp_path / "runs")
    assert result.code == 2
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_is_left_readable(call, tmp_path, number, code):
    program = [*PROGRAM, "train", "configs/mnist.yaml", "--set", "train.epochs=1000", "--runs-dir", str(tmp_path)]
    small = ["--set", "data.split.validation=59000"]
    with subprocess.Popen([*program, *small], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        run = tmp_path / "mnist-001"
        while not (run / "history.csv").exists():
            assert training.poll() is None, training.stderr.read()
            time.sleep(0.05)
        training.send_signal(number)
        _, shown = training.communicate()
    assert training.returncode == code
    assert re.fullmatch(r"stopped after \d+ epochs?; .* \S+mnist-001\n", shown)
    assert json.loads((run / "status.json").read_text())["state"] == "interrupted"
    assert (run / "plots" / "history.png").is_file()
    assert not [path for path in run.rglob("*") if path.name.startswith(".tmp")]
    assert call("evaluate", run, "--json").code == 0
    assert "interrupted" in call("runs", "--runs-dir", tmp_path).out


def in_a_terminal(tmp_path, **environment):
    """Everything that a small training writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    program = [*PROGRAM, "train", os.path.abspath("configs/mnist.yaml"), "--set", "train.epochs=2"]  # noqa: PTH100
    variables = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **environment}
    variables = {name: value for name, value in variables.items() if name != "NO_COLOR" or name in environment}
    small = ["--set", "data.split.validation=59000"]
    training = subprocess.Popen(
        [*program, *small], stdout=theirs, stderr=theirs, stdin=theirs, env=variables, cwd=tmp_path
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    assert training.wait() == 0
    os.close(ours)
    return shown.decode()


def test_a_terminal_shows_a_bar_that_vanishes_and_one_line_for_each_epoch(tmp_path):
    shown = in_a_terminal(tmp_path)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert re.search(r"epoch 1/2 .*\d+/32 steps", plain)
    lines = [line.rpartition("\r")[2] for line in plain.split("\r\n")]
    epochs = [line for line in lines if re.match(r"\d/2 ", line)]
    assert len(epochs) == 2
    assert max(map(len, lines)) <= 80


def test_a_terminal_that_can_do_nothing_gets_plain_lines(tmp_path):
    shown = in_a_terminal(tmp_path, TERM="dumb")
    assert "\x1b" not in shown
    assert re.search(r"^2/2 ", shown, re.MULTILINE)


def test_no_color_leaves_no_colour(tmp_path):
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", in_a_terminal(tmp_path, NO_COLOR="1"))
