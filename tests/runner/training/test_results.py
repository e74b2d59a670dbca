"""An artefact that is added to the table is one of every training."""

from __future__ import annotations

import pytest

from cnncli.report import ARTIFACTS, Artifact, artifacts
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow

TOY = """
def write_lowest(data, path):
    path.write_text(str(data.evaluation.confidence.min()))

def write_names(start, path):
    path.write_text(start.title)
"""


def test_a_toy_artefact_is_written_by_a_training_and_removed_when_the_weights_change(
    few_digits_spec, watcher, tmp_path, monkeypatch
):
    from cnncli.runner.train import train

    (tmp_path / "toy_artifacts.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    toys = (
        Artifact("lowest.txt", "evaluation", "toy_artifacts:write_lowest", "the lowest confidence"),
        Artifact("name.txt", "start", "toy_artifacts:write_names", "the name of the spec"),
    )
    monkeypatch.setattr(artifacts, "ARTIFACTS", (*ARTIFACTS, *toys))
    removed: list[str] = []
    monkeypatch.setattr(RunDir, "remove", lambda run, names: removed.extend(names))
    trained = train(few_digits_spec("train.epochs=1"), tmp_path / "runs", [watcher()])
    assert (trained.run.path / "name.txt").read_text() == "tiny"
    assert (trained.run.path / "lowest.txt").read_text() == str(trained.evaluation.confidence.min())
    assert "lowest.txt" in removed
    assert "name.txt" not in removed


def test_the_best_weights_are_not_read_where_the_model_has_them(few_digits_spec, watcher, tmp_path, monkeypatch):
    from cnncli.runner.train import train
    from cnncli.runner.training import results

    read: list[str] = []
    monkeypatch.setattr(results, "load_weights", lambda model, path: read.append(path.name))
    train(few_digits_spec("train.epochs=1"), tmp_path / "runs", [watcher()])
    assert read == []
