"""A training whose test images lack a class, and whose folder holds images without labels: it runs to the end."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

pytestmark = pytest.mark.slow


@pytest.fixture
def _confusion_matrix_is_drawn(monkeypatch):
    from cnncli.report import ARTIFACTS, artifacts

    drawn = {each.name: each for each in ARTIFACTS if each.name == "plots/confusion_matrix.png"}
    monkeypatch.setattr(artifacts, "ARTIFACTS", [drawn.get(each.name, each) for each in artifacts.ARTIFACTS])


@pytest.mark.usefixtures("_confusion_matrix_is_drawn")
def test_reports_cope_with_a_class_that_is_not_tested(folder_spec, own_splits, tmp_path, watcher):
    from cnncli import open_run
    from cnncli.runner.train import train

    shutil.rmtree(own_splits / "test" / "red")
    for number in range(3):
        place = own_splits / "unlabelled" / f"{number}.png"
        place.parent.mkdir(exist_ok=True)
        Image.new("RGB", (16, 16)).save(place)
    keys = "train.metrics=[accuracy, {F1Score: {average: macro}}]", "train.loss=CategoricalCrossentropy"
    spec = folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}", "train.epochs=1", *keys)
    observer = watcher()
    train(spec, tmp_path / "runs", [observer])
    assert any("the test images lack the class red" in line for line in observer.notices)
    assert any("unlabelled has 3 images and no class folders" in line for line in observer.notices)
    run = open_run("squares-001", tmp_path / "runs")
    report = json.loads((run.path / "report.json").read_text())
    assert [report[name]["support"] for name in ("blue", "green", "red")] == [3, 3, 0]
    assert "no test images of red: its row is 0" in (run.path / "report.txt").read_text()
    assert Image.open(run.path / "plots" / "confusion_matrix.png").width > 100
    record = json.loads((run.path / "data.json").read_text())
    assert record["counts"]["test"] == {"blue": 3, "green": 3, "red": 0}
    assert record["unused"] == {"without-labels": 3}
    assert run.evaluate("test").metrics["accuracy"] == json.loads((run.path / "metrics.json").read_text())["accuracy"]
