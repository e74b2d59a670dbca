"""A spec beside the class folders: what cnncli leaves there is no data, and new classes disturb no earlier run."""

from __future__ import annotations

import json
import shutil

import pytest

from cnncli.spec import load

pytestmark = pytest.mark.slow


@pytest.fixture
def here(squares, tmp_path, monkeypatch, folder_spec):
    """The folder of the class folders is the working directory, with the spec and the cache in it."""
    shutil.copy(tmp_path / "squares.yaml", squares / "squares.yaml")
    monkeypatch.chdir(squares)
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(squares / "decoded"))
    return load("squares.yaml", ["data.source={folder: {path: .}}", "train.epochs=1"]).spec


@pytest.mark.exhaustive
def test_runs_cache_and_drawings_are_no_classes(here, squares, watcher):
    from cnncli.runner.inputs.source_check import scan_path
    from cnncli.runner.preview import preview
    from cnncli.runner.train import train

    names = ("blue", "green", "red")
    observer = watcher()
    run = train(here, squares / "runs", [observer]).run
    for place in ("deep/results", "red/runs"):
        shutil.copytree(run.path, squares / place / run.name)
    preview(here, squares / "squares-preview.png", print)
    train(here, squares / "runs", [observer])
    first, second = (json.loads((squares / f"runs/squares-00{n}/data.json").read_text()) for n in (1, 2))
    assert tuple(second["class_names"]) == names
    assert second["counts"] == first["counts"]
    assert second["unused"] == {}
    assert not [line for line in observer.notices if "not used" in line]
    assert scan_path(squares, decode=False).class_names == names


@pytest.mark.exhaustive
def test_a_new_class_disturbs_no_earlier_run(here, squares, watcher):
    from cnncli import open_run
    from cnncli.runner.train import train

    train(here, squares / "runs", [watcher()])
    before = open_run("squares-001", "runs").evaluate("test").metrics
    shutil.copytree(squares / "red", squares / "pink")
    run = open_run("squares-001", "runs")
    assert run.evaluate("test").metrics == before
    assert run.predict(["pink/0.png"])[0].class_names == ("blue", "green", "red")
    assert run.resume(epochs=2).history.epochs[-1].number == 2
