from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from cnncli.records import History, LayerRow, ModelSummary
from cnncli.report import MOST_LAYERS, write_evaluation, write_history, write_network, write_samples


@pytest.fixture
def write(tmp_path):
    """Writes into a folder as a run does: aside first, then in place."""

    @contextmanager
    def write_one(name):
        aside = tmp_path / f"aside.{name.rsplit('.', 1)[1]}"
        yield aside
        place = tmp_path / "run" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(place)

    return write_one


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_evaluation_leaves_its_files(tmp_path, write, make_evaluation):
    evaluation = make_evaluation(4, 200)
    blank = np.zeros((28, 28, 1), np.uint8)
    report = write_evaluation(evaluation, lambda indices: [blank] * len(indices), write)
    run = tmp_path / "run"
    expected = "metrics.json plots/confusion_matrix.png plots/mistakes.png predictions.csv report.json report.txt"
    assert files_in(run) == expected.split()
    assert (run / "report.txt").read_text() == report.text
    assert json.loads((run / "report.json").read_text()) == report.values
    metrics = json.loads((run / "metrics.json").read_text())
    assert list(metrics)[:4] == ["split", "images", "loss", "accuracy"]
    assert metrics["loss"] == 0.1234
    assert metrics["accuracy"] == pytest.approx(report.accuracy, abs=1e-6)
    assert metrics["macro_f1"] == report.macro.f1


def test_metrics_are_json_when_the_loss_is_not_finite(tmp_path, write, make_evaluation):
    evaluation = make_evaluation(2, 10, right=1.0)
    object.__setattr__(evaluation, "metrics", {"loss": float("nan"), "images": 7.0, "top": float("inf")})
    write_evaluation(evaluation, lambda indices: [], write)
    metrics = json.loads((tmp_path / "run/metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics["loss"] is None
    assert metrics["top"] is None
    assert metrics["accuracy"] == 1.0
    assert metrics["images"] == 10


def test_a_history_leaves_its_files(tmp_path, write, make_history):
    write_history(make_history(2), write)
    assert files_in(tmp_path / "run") == ["history.csv", "plots/history.png"]


def test_an_empty_history_has_no_picture(tmp_path, write):
    write_history(History((), "val_loss", 0), write)
    assert files_in(tmp_path / "run") == ["history.csv"]


def test_samples_leave_their_picture(tmp_path, write):
    write_samples(np.zeros((3, 8, 8, 3), np.uint8), ["a", "b", "c"], write)
    assert files_in(tmp_path / "run") == ["plots/samples.png"]


def test_history_csv_needs_no_heavy_module():
    code = (
        "import sys, cnncli.report.tables; "
        "print([m for m in ('matplotlib', 'sklearn', 'tensorflow', 'click', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_network_is_drawn_unless_it_has_too_many_layers(tmp_path, write):
    def chain(layers):
        rows = (
            LayerRow(f"relu_{at}", "ReLU", (8, 8, 4), 0, 0, 0, inputs=(at - 1,), path=("model", "layers", at))
            for at in range(layers)
        )
        return ModelSummary(tuple(rows), (8, 8, 4), 0)

    assert not write_network(chain(MOST_LAYERS + 1), "large", write)
    assert not (tmp_path / "run").exists()
    assert write_network(chain(3), "small", write)
    assert files_in(tmp_path / "run") == ["plots/network.png"]
