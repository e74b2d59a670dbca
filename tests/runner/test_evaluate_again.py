"""A run of an older version gets the files that it lacks, and groups come back with the images."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import run_pictures

from cnncli.errors import RunError
from cnncli.report import artifact_names
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def again():
    from cnncli.runner.evaluate import evaluate_again

    return evaluate_again


def test_the_files_are_those_of_the_training(again, trained, tmp_path):
    run = RunDir(shutil.copytree(trained.run.path, tmp_path / trained.run.name))  # the page has the name
    written = [name for name in artifact_names("evaluation") if (run.path / name).exists()]
    before = {name: (run.path / name).read_bytes() for name in written}
    assert {"logits.npz", "calibration.json", "plots/reliability.png", "report.html"} <= before.keys()
    for name in before:
        (run.path / name).unlink()
    with run_pictures.whole():
        evaluation = again(OpenRun(run))
    assert np.array_equal(evaluation.probabilities, trained.evaluation.probabilities)
    assert [name for name in before if (run.path / name).read_bytes() != before[name]] == []


def test_a_run_that_is_written_is_left_alone(again, trained, tmp_path):
    run = RunDir(shutil.copytree(trained.run.path, tmp_path / "old"))
    (run.path / "logits.npz").unlink()
    with run.locked(), pytest.raises(RunError, match="is being written"):
        again(OpenRun(run))
    assert not (run.path / "logits.npz").exists()


def test_groups_of_images_are_recorded_and_count_in_every_evaluation(folder_spec, watcher, tmp_path):
    from cnncli.runner.evaluate import evaluate
    from cnncli.runner.train import train

    pattern = r"{pattern: '/(1?\d)'}"  # 0, 1, 10 … 19 of each colour are groups 0, 1, 10 …
    trained = train(folder_spec("train.epochs=1", f"data.split.group={pattern}"), tmp_path / "runs", [watcher()])
    groups = trained.evaluation.groups
    assert len(np.unique(groups)) < len(groups)
    metrics = json.loads((trained.run.path / "metrics.json").read_text())
    assert metrics["groups"] == len(np.unique(groups))
    assert f"images in {metrics['groups']} groups" in (trained.run.path / "report.txt").read_text()
    for split in ("validation", "test"):
        found = evaluate(OpenRun(trained.run), split)
        names = [name.rpartition("/")[2].partition(".")[0] for name in found.images]
        expected = [name[:2] if name.startswith("1") else name[:1] for name in names]
        assert len(set(zip(found.groups.tolist(), expected, strict=True))) == len(set(expected))
    assert len(np.unique(found.groups)) == metrics["groups"]
