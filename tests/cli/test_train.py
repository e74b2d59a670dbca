"""Training from the command line: what is shown, what is left, and how it is stopped."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import classification_report

from cnncli.records import Reproduction
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, "-m", "cnncli"]


def test_the_run_is_complete(trained):
    folder = trained / "small-001"
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    left = {name for name in left if not name.startswith("exports/")}  # on a slow machine the training is a long one
    assert left == {
        "spec.yaml",
        "status.json",
        "environment.json",
        "data.json",
        "images.csv",
        "history.csv",
        "logits.npz",
        "calibration.json",
        "sets.json",
        "abstention.json",
        "metrics.json",
        "report.txt",
        "report.json",
        "report.html",
        "predictions.csv",
        "log.txt",
        "weights/best.weights.h5",
        "weights/last.weights.h5",
        "weights.sha256",
        "checkpoint/state.npz",
        "checkpoint/lock",
        *(
            f"plots/{name}.png"
            for name in ("confusion_matrix", "history", "mistakes", "network", "reliability", "samples")
        ),
    }
    assert json.loads((folder / "status.json").read_text())["state"] == "finished"
    assert list(trained.iterdir()) == [folder]


def test_the_report_is_scikit_learns_on_the_predictions(trained):
    folder = trained / "small-001"
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    expected = classification_report([row["true"] for row in rows], [row["predicted"] for row in rows])
    table, line = (folder / "report.txt").read_text().removesuffix("\n").rsplit("\n\n", 1)
    heading, *rows = table.splitlines()
    assert heading.endswith("   recall, 95 %")
    without_intervals = [heading.removesuffix("   recall, 95 %"), *(re.sub(r"   \S+–\S+$", "", row) for row in rows)]
    assert " ".join(without_intervals).split() == expected.split()
    assert line.startswith("test   loss ")


def test_evaluate_gives_the_same_numbers_also_where_the_run_was_moved_to(call, trained, tmp_path):
    recorded = json.loads((trained / "small-001" / "metrics.json").read_text())
    moved = shutil.copytree(trained / "small-001", tmp_path / "elsewhere")
    shown = json.loads(call("evaluate", moved, "--json").out)
    assert {name: shown[name] for name in recorded} == recorded
    report = (trained / "small-001" / "report.txt").read_text()
    of_test, _, _ = report.partition("sets at")  # which needs the validation images as well
    missed = call("evaluate", "small-001", "--runs-dir", trained, "--fail-under", "accuracy=0.9999")
    assert (missed.code, of_test.strip() in missed.out) == (7, True)
    misspelt = call("evaluate", moved, "--fail-under", "acuracy=0.1")
    assert (misspelt.code, "did you mean 'accuracy'?" in misspelt.err) == (2, True)
    assert call("evaluate", moved, "--fail-under", "split=1").code == 2
    reversed_ = call("evaluate", moved, "--fail-under", "loss=2")
    assert (reversed_.code, "less of loss is better" in reversed_.err) == (2, True)
    for value in ("nan", "inf", "-inf", "1e999", "", "high"):
        refused = call("evaluate", moved, "--fail-under", f"accuracy={value}")
        assert (refused.code, "METRIC=VALUE" in refused.err) == (2, True)
    reached = call("evaluate", moved, "--split", "validation", "--fail-under", "accuracy=0.1", "--json")
    assert reached.code == 0
    validation = json.loads(reached.out)
    with (moved / "history.csv").open() as file:
        assert float(next(csv.DictReader(file))["val_accuracy"]) == pytest.approx(validation["accuracy"], abs=1e-6)


@pytest.mark.exhaustive
def test_nothing_is_left_among_the_temporary_files(few_digits, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    program = [*PROGRAM, "train", "configs/mnist.yaml", *few_digits, "--set", "train.epochs=1", "--runs-dir", tmp_path]
    subprocess.run([*program, "--set", "augment=[RandomFlip]"], check=True, capture_output=True)
    assert not list(temporary.iterdir())


def test_a_run_is_reproduced_to_the_last_digit(call, trained, tmp_path):
    folder = tmp_path / "runs"
    shutil.copytree(trained / "small-001", folder / "small-001")
    result = call("reproduce", "small-001", "--runs-dir", folder, "--quiet")
    first, second = folder / "small-001", folder / "small-002"
    assert result.out == f"{second} is identical to {first}: every epoch, the best weights and the predictions\n"
    assert (result.code, result.err) == (0, "")
    for name in ("history.csv", "predictions.csv"):
        assert _without_seconds((second / name).read_text()) == _without_seconds((first / name).read_text())


def test_what_is_not_reproduced_is_named_with_what_could_explain_it(call, trained, monkeypatch):
    found = Reproduction("runs/a-001", "runs/a-002", "epoch 3: loss was 0.5, now 0.6", ("keras 3.15.1, now 3.16.0",))
    monkeypatch.setattr("cnncli.runner.reproduce.reproduce", lambda *arguments: found)
    result = call("reproduce", "small-001", "--runs-dir", trained, "--quiet")
    assert (result.code, result.out) == (8, "")
    assert result.err == (
        "changed since: keras 3.15.1, now 3.16.0\n"
        "error: runs/a-002 differs from runs/a-001: epoch 3: loss was 0.5, now 0.6\n"
    )


def _without_seconds(table):
    rows = list(csv.DictReader(table.splitlines()))
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_a_spec_with_mistakes_leaves_no_run(call, tmp_path):
    result = call("train", "configs/mnist.yaml", "--set", "train.epochs=0", "--runs-dir", tmp_path / "runs")
    assert result.code == 2
    assert not (tmp_path / "runs").exists()


@pytest.mark.representatives("130")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_leaves_everything_and_says_how_to_go_on(call, few_digits, tmp_path, number, code):
    with np.load(few_digits[1].split("'")[1]) as images:
        np.savez(tmp_path / "few.npz", **{name: images[name][:600] for name in images})
    program = [*PROGRAM, "train", "configs/mnist.yaml", "--set", "train.epochs=1000", "--runs-dir", str(tmp_path)]
    program += ["--set", f"data.source={{arrays: {{path: {tmp_path}/few.npz}}}}"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as training:
        run = tmp_path / "mnist-001"
        while not (run / "history.csv").exists():
            assert training.poll() is None, training.stderr.read()
            time.sleep(0.05)
        training.send_signal(number)
        _, shown = training.communicate()
    assert training.returncode == code
    lines = shown.splitlines()
    assert lines[0] == "stopping; press Ctrl-C again to stop at once"
    assert re.fullmatch(r"interrupted after \d+ epochs?; results so far are in \S+mnist-001", lines[1])
    assert lines[2:] == [f"to continue: cnncli resume {run}"]
    assert json.loads((run / "status.json").read_text())["state"] == "interrupted"
    for name in ("plots/history.png", "plots/confusion_matrix.png", "report.txt", "predictions.csv", "metrics.json"):
        assert (run / name).is_file()
    assert not [path for path in run.rglob("*") if path.name.startswith(".tmp")]
    measured = call("evaluate", run, "--json")
    assert measured.code == 0
    assert re.search(
        r"note: \S+ was interrupted after epoch \d+; the best weights are those of epoch \d+\n", measured.err
    )
    assert "interrupted" in call("runs", "--runs-dir", tmp_path).out


def test_a_finished_run_is_not_resumed_and_one_that_is_written_is_left_alone(call, trained):
    run = trained / "small-001"
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    finished = call("resume", "small-001", "--runs-dir", trained)
    assert (finished.code, finished.out) == (0, "")
    assert finished.err == f"{run} is finished; to train for more epochs: cnncli resume {run} --epochs N\n"
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()} == before
    with RunDir(run).locked():
        busy = call("resume", run, "--epochs", 2)
    assert busy.code == 6
    assert re.search(r"is being written by process \d+, since 20", busy.err)


def test_a_folder_of_runs_that_cannot_be_made_is_found_before_anything_is_loaded(call, tmp_path):
    (tmp_path / "runs").symlink_to("/proc/1/nothing/here")
    result = call("train", "configs/mnist.yaml", "--runs-dir", tmp_path / "runs")
    assert result.code == 5
    assert "cannot create a run folder" in result.err
    assert "--runs-dir" in result.err


@pytest.mark.exhaustive
def test_a_terminal_shows_a_bar_that_vanishes_and_one_line_for_each_epoch(in_a_terminal, few_digits, tmp_path):
    config = Path("configs/mnist.yaml").absolute()  # lines are to be short: the runs are where we are
    shown = in_a_terminal([*PROGRAM, "train", config, *few_digits, "--set", "train.epochs=2"], cwd=tmp_path)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "tensorflow" not in plain.replace("starting TensorFlow", "").lower()
    assert re.search(r"epoch 1/2 .*\d+/\d+ steps", plain)
    lines = [line.rpartition("\r")[2] for line in plain.split("\r\n")]
    epochs = [line for line in lines if re.match(r"\d/2 ", line)]
    assert len(epochs) == 2
    assert max(map(len, lines)) <= 80
