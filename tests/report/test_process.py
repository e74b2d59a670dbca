"""Artefacts that a process of its own makes are those that the training would make, whatever happens to it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnncli import environment
from cnncli.errors import DataError
from cnncli.explain.topics import explained
from cnncli.records import LayerRow, ModelSummary
from cnncli.report import EvaluationData, Reports, StartData, rehearsal, reports_beside, serving
from cnncli.report.page import Heat, RunFacts
from cnncli.report.page.writing import page_html

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere the training makes them")


@pytest.fixture
def beside(monkeypatch):
    """Makes artefacts in a process of its own."""
    monkeypatch.setattr(environment, "_is_claimed", True)
    with reports_beside(explained) as reports:
        yield reports


def writer(folder):
    """Writes into a folder."""

    @contextmanager
    def write(name):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path

    return write


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def orders(make_evaluation, make_history):
    """What a training asks for: its start, its history, and its evaluation with a page."""
    layer = LayerRow("dense_1", "Dense", (4,), 100, 100, 100, inputs=(-1,), path=("model", "layers", 0))
    network = ModelSummary((layer,), (8, 8, 3), 400)
    facts = RunFacts(
        name="cats-001",
        state="finished",
        history=make_history(3),
        counts={"test": {"class 0": 3}},
        findings=(),
        network=network,
        heat_maps=lambda pictures, labels: [Heat(np.full(each.shape[:2], 0.5, np.float32), True) for each in pictures],
        spec="name: cats\n",
        machine=[("device", "CPU")],
        explain=explained,
    )
    images = np.arange(3 * 8 * 8 * 3, dtype=np.uint8).reshape(3, 8, 8, 3)

    def photographs(indices):
        return [np.full((8, 8, 3), index % 256, np.uint8) for index in indices]

    return {
        "start": StartData("cats", lambda: images, [0, 1, 2], ["a", "b", "c"], lambda: network),
        "end": make_history(3),
        "evaluation": EvaluationData(make_evaluation(4, 200), photographs, make_evaluation(4, 100), facts),
    }


def made(reports, orders, folder):
    """The files of all orders, and what was left out."""
    left_out = []
    for when, data in orders.items():
        skip = ["plots/samples.png"] if when == "start" else []
        reports.begin(when, data, writer(folder), skip, lambda name, reason: left_out.append(name))
        reports.settle(wait=False)
    reports.settle()
    return contents(folder), left_out


@pytest.fixture(scope="module")
def earlier():
    return {}


@pytest.fixture
def expected(orders, earlier, tmp_path):
    """What `made` gives of the training, once for all tests."""
    if not earlier:
        earlier["made"] = made(Reports(), orders, tmp_path / "here")
        earlier["report"] = orders["evaluation"].__dict__.pop("report").text
    return earlier["made"]


def test_the_files_are_those_that_the_training_would_make(beside, orders, expected, earlier, tmp_path, monkeypatch):
    assert made(beside, orders, tmp_path / "beside") == expected
    assert len(expected[0]) > 10
    assert orders["evaluation"].__dict__["report"].text == earlier["report"]
    assert beside._process.poll() is None

    monkeypatch.setattr("cnncli.report.process.LARGEST", 100)  # bytes of answers, of which more are not sent
    beside.begin("evaluation", orders["evaluation"], writer(tmp_path / "large"))
    beside.settle()
    assert (tmp_path / "large" / "report.html").is_file()
    assert beside._connection is None


def test_the_training_makes_them_when_the_process_is_gone(beside, orders, expected, tmp_path):
    beside._process.kill()
    assert made(beside, orders, tmp_path / "beside") == expected


def test_what_a_copy_of_the_process_cannot_make_is_made_without_it(orders, monkeypatch):
    sent = {}

    class Training:
        def send(self, message):
            sent[message[1]] = message[2]

        def close(self):
            pass

    monkeypatch.setattr(serving, "_training", Training())
    with_copy = serving._made("evaluation", orders["evaluation"], ())
    expected = dict(sent)
    sent.clear()
    monkeypatch.setattr(serving, "_make_aside", lambda *_: os._exit(1))
    assert (serving._made("evaluation", orders["evaluation"], ()), sent) == (with_copy, expected)
    assert sent.keys() >= set(serving.ASIDE)


def test_what_is_left_out_aside_is_told(orders, monkeypatch):
    few = dataclasses.replace(orders["evaluation"], validation=None, run=None)
    vars(few.evaluation)["logits"] = None  # no probabilities, so that there is nothing to draw of confidences
    monkeypatch.setattr(serving, "_training", SimpleNamespace(send=lambda message: None, close=lambda: None))
    assert "plots/reliability.png" in serving._made("evaluation", few, ())


def test_a_rehearsal_makes_a_whole_page_and_reads_the_glossary(monkeypatch):
    words, pages = [], []
    monkeypatch.setattr(rehearsal, "page_html", lambda *values: pages.append(page_html(*values)))
    rehearsal.rehearse(lambda word: words.append(word) or explained(word))
    (page,) = pages
    assert {"recall", "confidence", "attribution"} <= set(words)
    assert all(part in page for part in ("most confident mistakes", "read the confidences", "Sure, or not"))


@pytest.mark.exhaustive
def test_what_images_raise_reaches_the_training_and_nobody_waits_for_the_rest(beside, orders, tmp_path):
    def missing(indices):
        raise DataError("an image is missing")

    evaluation = orders["evaluation"]
    broken = EvaluationData(evaluation.evaluation, missing, evaluation.validation, evaluation.run)
    with pytest.raises(DataError):
        made(beside, {"evaluation": broken}, tmp_path)
    beside.settle()
    beside.begin("end", orders["end"], writer(tmp_path / "after"))
    beside.settle()
    assert set(contents(tmp_path / "after")) == {"plots/history.png"}


def test_a_program_that_is_not_ours_gets_no_process():
    with reports_beside(explained) as reports:
        assert type(reports) is Reports


DIES = """
import os
from cnncli import environment
from cnncli.explain.topics import explained
from cnncli.report import reports_beside
environment.claim_process()
with reports_beside(explained) as reports:
    print(reports._process.pid, flush=True)
    os._exit(9)
"""


@pytest.mark.exhaustive
def test_the_process_ends_with_the_training():
    dead = subprocess.run([sys.executable, "-c", DIES], capture_output=True, text=True, check=False)
    assert dead.returncode == 9
    while is_alive(int(dead.stdout)):
        time.sleep(0.05)


def is_alive(number):
    try:
        os.kill(number, 0)
        if not Path("/proc/self/stat").exists():
            return True
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"  # nobody has collected it
    except (ProcessLookupError, FileNotFoundError):
        return False
