"""The threads of an operation: chosen before TensorFlow starts, recorded, and told where it ran already."""

from __future__ import annotations

import os

import pytest

from cnncli.api.run import Run
from cnncli.environment import threads_to_start_with
from cnncli.errors import RunError
from cnncli.machine import usable_cores
from cnncli.runner.open_run import OpenRun
from cnncli.runner.threads import choose_threads
from cnncli.runs import RunDir
from cnncli.spec import load

SPEC = """\
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
"""
VARIABLE = "TF_NUM_INTRAOP_THREADS"


@pytest.fixture
def variable(monkeypatch):
    """Sets the variable; afterwards it is as it was."""

    def become(value):
        monkeypatch.setenv(VARIABLE, value)
        if not value:
            monkeypatch.delenv(VARIABLE)

    become("")
    monkeypatch.setattr("cnncli.environment._threads", None)
    monkeypatch.setattr("cnncli.runner.threads.usable_cores", lambda: 2)
    monkeypatch.setattr("cnncli.spec.threads.usable_cores", lambda: 2)
    return become


def spec_of(threads="auto"):
    return load(SPEC, [f"train.threads={threads}"]).spec


@pytest.mark.parametrize(
    ("before", "threads", "after"),
    [
        ("", "auto", 1),
        ("", "3", 3),
        ("", "2", None),  # TensorFlow's own number
        ("5", "auto", None),  # what the user has set
        ("5", "3", None),
    ],
)
def test_the_number_is_set_unless_the_user_has_set_one(variable, before, threads, after):
    variable(before)
    environment = dict(os.environ)
    choose_threads(spec_of(threads))
    assert threads_to_start_with() == after
    assert os.environ == environment  # other processes of the program have it, too


@pytest.mark.parametrize(
    ("record", "after"),
    [
        ({"threads": 4}, 4),
        ({"threads": 2}, 2),  # of an earlier version, which took one thread for each core
        ({"cnncli": "0.1.0"}, None),  # damaged, but a training that has begun
        (None, 1),  # killed before its first file
    ],
)
def test_a_run_goes_on_with_its_own_number(tmp_path, variable, record, after):
    run = RunDir(tmp_path)
    if record is not None:
        run.write_json("environment.json", record)
    choose_threads(spec_of(), OpenRun(run))
    assert threads_to_start_with() == after


def test_an_evaluation_computes_with_the_number_of_the_training(tmp_path, variable, monkeypatch):
    run = RunDir(tmp_path)
    run.write_json("environment.json", {"threads": 1})
    pixels = {"border_mean": 0.0, "border_std": 1.0}
    run.write_json("data.json", {"class_names": list("0123456789"), "image": [28, 28, 1], "pixels": pixels})
    run.spec.write_text("data: {source: mnist}\nmodel: {layers: [Flatten]}\n")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "best.weights.h5").touch()
    seen = []

    def start(before_start=lambda: None):
        before_start()
        seen.append(threads_to_start_with())
        raise RunError("TensorFlow would start now")

    monkeypatch.setattr("cnncli.api.run.isolated", start)
    with pytest.raises(RunError):
        Run(run).evaluate(allow_changed_weights=True)
    assert seen == [1]


def test_a_program_that_has_started_tensorflow_is_told(monkeypatch):
    from cnncli.runner.environment import environment, tell_threads

    monkeypatch.delenv(VARIABLE, raising=False)
    told = []
    number = environment()["threads"]
    tell_threads(spec_of(number), told.append)
    assert told == []
    tell_threads(spec_of(number + 1), told.append)
    assert told == [
        "note: TensorFlow runs in this program already, so an operation takes "
        f"{number} {'thread' if number == 1 else 'threads'} here and not {number + 1}: the last digits differ from "
        "those of a new process"
    ]
    assert number == usable_cores()
