"""Paths in results, when the program changes its current folder."""

import dataclasses
import pickle
import re
from pathlib import Path

import pytest

import cnncli
from cnncli.records import Exported, Reproduction, TuneTrial, WrittenPredictions

RESULTS = {
    "an export": lambda: Exported("onnx", Path("runs/a"), 1, {}),
    "predictions": lambda: WrittenPredictions(Path("runs/a"), 1, 1, 0, Path("runs/b")),
    "a reproduction": lambda: Reproduction("runs/a", "runs/b", ""),
    "a trial": lambda: TuneTrial(0, "complete", 0.5, {}, Path("runs/a")),
    "a search": lambda: cnncli.TuneResult(Path("runs/a"), "loss", (), None, None, ()),
}


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The current folder, and another one."""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path, tmp_path / "other"


def paths_of(result) -> list[Path]:
    values = [getattr(result, field.name) for field in dataclasses.fields(result)]
    return [Path(value) for value in values if isinstance(value, Path) or str(value).startswith(("runs", "/"))]


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
def test_paths_of_a_result_are_right_in_another_folder(folders, monkeypatch, make):
    here, other = folders
    result = make()
    named = paths_of(result)
    assert named[0] == Path("runs/a")
    monkeypatch.chdir(other)
    copies = [result, pickle.loads(pickle.dumps(result)), dataclasses.replace(result)]
    assert [paths_of(each) for each in copies] == [[here / path for path in named]] * 3
    assert copies[0] == copies[1]
    monkeypatch.chdir(here)
    assert paths_of(result) == named


def test_every_path_of_a_result_lasts(folders):
    """A field that is a path, in whatever the API returns, is one of those above."""
    paths = {
        name
        for name in cnncli.__all__
        if dataclasses.is_dataclass(each := getattr(cnncli, name))
        and any(re.search(r"\bPath\b", str(field.type)) for field in dataclasses.fields(each))
    }
    assert paths <= {type(make()).__name__ for make in RESULTS.values()}


def test_a_path_that_is_none_stays_none_and_a_text_a_text():
    assert TuneTrial(0, "complete", None, {}, None).path is None
    assert Reproduction("runs/a", "runs/b", "").run == "runs/a"
