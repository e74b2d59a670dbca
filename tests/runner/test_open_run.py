"""A run is opened once: every command reads each file of it once, and what it says is checked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from cnncli.errors import RunError
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir

SPEC = """\
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 3}
"""
HISTORY = """\
epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds
1,0.5,0.8,0.6,0.7,0.001,1.000
2,nan,0.9,nan,nan,0.001,1.000
3,0.3,0.9,0.5,0.7,0.001,1.000
"""


@pytest.fixture
def run(tmp_path) -> OpenRun:
    """A run with nothing but its records."""
    folder = RunDir(tmp_path / "mnist-001")
    folder.write_text("spec.yaml", SPEC)
    folder.write_text("history.csv", HISTORY)
    folder.write_json("status.json", {"state": "finished"})
    pixels = {"border_mean": 0.0, "border_std": 0.0}
    digits = [str(digit) for digit in range(10)]
    folder.write_json("data.json", {"class_names": digits, "image": [28, 28, 1], "pixels": pixels, "validation": []})
    return OpenRun(folder)


def test_what_the_files_say(run):
    assert (run.path.name, run.spec.train.epochs, run.status["state"]) == ("mnist-001", 3, "finished")
    assert run.class_names == run.data_record.class_names == tuple("0123456789")
    assert run.metrics == {}


def test_the_best_epoch_is_finite_and_of_equal_ones_that_with_the_lower_loss(run):
    history = run.history
    assert (history.monitor, history.best, len(history.epochs)) == ("val_accuracy", 3, 3)
    assert history.epochs[0].metrics == {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}


@pytest.mark.parametrize(
    ("file", "text", "value", "message"),
    [
        ("spec.yaml", "data: [", "spec", r"not a complete run: spec\.yaml \(1:"),
        (
            "spec.yaml",
            "extends: other.yaml\n",
            "spec",
            r"not a complete run: spec\.yaml \(1:1\): .*, and 2 more problems",
        ),
        ("data.json", "{}", "data_record", r"data\.json lacks 'class_names'"),
        ("history.csv", "epoch,loss\n1,0.5\n", "history", r"history\.csv is damaged"),
        ("history.csv", "epoch,loss,learning_rate,seconds\nten,1,1,1\n", "history", r"history\.csv is damaged"),
        ("environment.json", "[]", "environment", r"environment\.json cannot be read"),
    ],
)
def test_a_file_that_is_damaged_is_named(run, file, text, value, message):
    run.folder.write_text(file, text)
    with pytest.raises(RunError, match=message):
        getattr(run, value)


def test_two_files_that_contradict_each_other_are_refused(run):
    record = json.loads((run.path / "data.json").read_text())
    run.folder.write_json("data.json", {**record, "image": [14, 14, 1]})
    with pytest.raises(RunError, match="describe different images"):
        _ = run.input_spec


PROGRAM = """
import collections, json, os, sys

folder, opened = os.path.realpath(sys.argv[1]) + os.sep, collections.Counter()

def hear(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return
    path = os.path.realpath(os.fsdecode(arguments[0]))
    written = isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if path.startswith(folder) and not os.path.isdir(path) and not written and not path.endswith("lock"):
        opened[path.removeprefix(folder)] += 1

sys.addaudithook(hear)
from cnncli.cli import main

counts = []
for arguments in json.loads(sys.argv[2]):
    opened.clear()
    try:
        main(arguments)
    except SystemExit as end:
        assert not end.code, end.code
    counts.append(dict(opened))
print(json.dumps(counts))
"""
# The hash of the weights is checked each time before anything looks into them.
WEIGHTS = {"weights/best.weights.h5", "weights.sha256"}
# The state of a training changes while it is resumed, and the arrays of its checkpoint wait for the model.
CHANGING = {"status.json", "weights.sha256", "checkpoint/state.npz", "weights/last.weights.h5"}


def assert_read_once(folder, *commands, changing=frozenset()):
    """Commands, one after the other in a process of their own, read no file of a run twice, but for the changing."""
    program = [sys.executable, "-c", PROGRAM, str(folder), json.dumps(commands)]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    counts = json.loads(result.stdout.splitlines()[-1])
    assert len(counts) == len(commands)
    for command, opened in zip(commands, counts, strict=True):
        assert opened["spec.yaml"] == 1
        more = {name for name, count in opened.items() if count > 1 and (folder / name).exists()}
        assert more <= WEIGHTS | changing, (command, more)


@pytest.fixture
def folder(trained, tmp_path):
    """A run that is finished."""
    return shutil.copytree(trained.run.path, tmp_path / "tiny-001")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_file_of_a_run_is_read_once(folder):
    predict = ["predict", str(folder / "plots" / "samples.png"), "--run", str(folder), "--json"]
    evaluate = ["evaluate", str(folder), "--fail-under", "accuracy=0.01"]
    assert_read_once(folder, predict, evaluate, ["summary", str(folder)])


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_file_of_a_run_that_is_reproduced_is_read_once(folder, tmp_path):
    assert_read_once(folder, ["reproduce", str(folder), "--runs-dir", str(tmp_path / "again")])


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_file_of_a_run_that_is_resumed_is_read_once(watcher, few_digits_spec, tmp_path):
    from cnncli.errors import Interrupted
    from cnncli.runner.train import train

    with pytest.raises(Interrupted):
        train(few_digits_spec(), tmp_path, [watcher(at_epoch=KeyboardInterrupt())])
    assert_read_once(tmp_path / "tiny-001", ["resume", str(tmp_path / "tiny-001")], changing=CHANGING)
