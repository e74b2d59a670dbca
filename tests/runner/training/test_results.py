"""An artefact that is added to the table is one of every training."""

from __future__ import annotations

import contextlib

import h5py
import numpy as np
import pytest

from cnncli.records import Epoch
from cnncli.report import ARTIFACTS, Artifact, artifacts
from cnncli.runs import BEST, LAST, RunDir, list_runs
from cnncli.runs.hashes import FILE, read_hashes

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


def test_the_last_weights_are_those_of_the_last_checkpoint(few_digits_spec, watcher, tmp_path, monkeypatch):
    from cnncli.errors import Interrupted
    from cnncli.runner.train import train

    rule = Epoch.improves_on
    worse = lambda epoch, best, *of: best is None and rule(epoch, best, *of)  # noqa: E731
    for name, improves, stop in (("best", rule, None), ("worse", worse, None), ("within", rule, (2, 3))):
        monkeypatch.setattr(Epoch, "improves_on", improves)
        with contextlib.suppress(Interrupted):
            train(few_digits_spec("train.epochs=2", "train.checkpoint.steps=3"), tmp_path / name, [watcher(stop=stop)])
        (run,) = list_runs(tmp_path / name)
        last, best = run.path / LAST, run.path / BEST
        with np.load(run.checkpoint) as saved:
            kept = [saved[each].tobytes() for each in saved.files if each.startswith("model/")]
        assert all(array.tobytes() in kept for array in arrays_in(last)), name
        assert (last.read_bytes() == best.read_bytes()) is (name == "best"), name
        assert {line[1] for line in read_hashes(run.path / FILE)} == {LAST, BEST}, name


def arrays_in(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    return found
