from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from cnncli.records import History, LayerRow, ModelSummary
from cnncli.report import ARTIFACTS, Artifact, EvaluationData, StartData, artifact_names, artifacts, write_artifacts
from cnncli.report.classification import summary_lines
from cnncli.report.plots.network import MOST_LAYERS


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


def start_of(layers=3):
    rows = tuple(
        LayerRow(f"relu_{at}", "ReLU", (8, 8, 4), 0, 0, 0, inputs=(at - 1,), path=("model", "layers", at))
        for at in range(layers)
    )
    images = np.zeros((3, 8, 8, 3), np.uint8)
    return StartData("small", lambda: images, [0, 1, 2], ["a", "b", "c"], lambda: ModelSummary(rows, (8, 8, 4), 0))


def blank(indices):
    return [np.zeros((28, 28, 1), np.uint8)] * len(indices)


def test_an_evaluation_leaves_its_files(tmp_path, write, make_evaluation):
    data = EvaluationData(make_evaluation(4, 200), blank, make_evaluation(4, 100))
    assert write_artifacts("evaluation", data, write) == {"report.html": "it is the evaluation of no run"}
    run, report = tmp_path / "run", data.report
    expected = (
        "abstention.json calibration.json logits.npz metrics.json plots/confusion_matrix.png plots/mistakes.png "
        "plots/reliability.png predictions.csv report.json report.txt sets.json"
    )
    assert files_in(run) == expected.split()
    assert {*expected.split(), "report.html"} == set(artifact_names("evaluation"))
    figures = [*summary_lines(data.evaluation, report), *(f"       {line}" for line in data.sure_lines)]
    assert (run / "report.txt").read_text() == "\n".join([report.text, *figures]) + "\n"
    assert json.loads((run / "report.json").read_text()) == report.values
    metrics = json.loads((run / "metrics.json").read_text())
    assert list(metrics)[:6] == ["split", "images", "weights", "loss", "log_loss", "accuracy"]
    assert metrics["loss"] == 0.1234
    assert metrics["accuracy"] == pytest.approx(report.values["accuracy"], abs=1e-6)
    assert metrics["macro_f1"] == report.values["macro avg"]["f1-score"]


def test_metrics_are_json_when_the_loss_is_not_finite(tmp_path, write, make_evaluation):
    evaluation = make_evaluation(2, 10, right=1.0)
    object.__setattr__(evaluation, "metrics", {"loss": float("nan"), "images": 7.0, "top": float("inf")})
    write_artifacts("evaluation", EvaluationData(evaluation, blank), write)
    metrics = json.loads((tmp_path / "run/metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics["loss"] is None
    assert metrics["top"] is None
    assert metrics["accuracy"] == 1.0
    assert metrics["images"] == 10


def test_a_history_leaves_its_files(tmp_path, write, make_history):
    assert write_artifacts("epoch", make_history(2), write) == {}
    assert files_in(tmp_path / "run") == ["history.csv"]
    assert write_artifacts("end", make_history(2), write) == {}
    assert files_in(tmp_path / "run") == ["history.csv", "plots/history.png"]


def test_an_empty_history_has_no_picture(tmp_path, write):
    assert write_artifacts("end", History((), "val_loss", 0), write) == {"plots/history.png": "no epoch is complete"}
    assert not (tmp_path / "run").exists()


def test_the_start_leaves_its_files_but_those_to_skip(tmp_path, write):
    assert write_artifacts("start", start_of(), write, skip=["plots/samples.png"]) == {}
    assert files_in(tmp_path / "run") == ["plots/network.png"]
    write_artifacts("start", start_of(), write)
    assert files_in(tmp_path / "run") == ["plots/network.png", "plots/samples.png"]


def test_a_network_of_too_many_layers_is_left_out(tmp_path, write):
    ((name, reason),) = write_artifacts("start", start_of(MOST_LAYERS + 1), write).items()
    assert name == "plots/network.png"
    assert "301 layers" in reason
    assert files_in(tmp_path / "run") == ["plots/samples.png"]


def test_an_artefact_is_one_function_and_one_line(tmp_path, write, make_evaluation, monkeypatch):
    (tmp_path / "toy_artifact.py").write_text(
        "def write_worst(data, path):\n    path.write_text(str(data.evaluation.confidence.min()))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    toy = Artifact("worst.txt", "evaluation", "toy_artifact:write_worst", "the lowest confidence")
    monkeypatch.setattr(artifacts, "ARTIFACTS", (*ARTIFACTS, toy))
    data = EvaluationData(make_evaluation(4, 200), blank)
    write_artifacts("evaluation", data, write)
    assert float((tmp_path / "run" / "worst.txt").read_text()) == pytest.approx(data.evaluation.confidence.min())
    assert "worst.txt" in artifact_names("evaluation")


def test_history_csv_needs_no_heavy_module():
    code = (
        "import sys, cnncli.report, cnncli.report.tables; "
        "print([m for m in ('matplotlib', 'sklearn', 'tensorflow', 'click', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_documentation_lists_every_artefact():
    page = (Path(__file__).parents[2] / "docs" / "runs.md").read_text("utf-8")
    rows = [f"| `{artifact.name}` | {artifact.description} |" for artifact in ARTIFACTS]
    assert [row for row in rows if row not in page.splitlines()] == []
