"""A folder of runs stays the same when the program changes its current folder, and tells when it is gone."""

from pathlib import Path

import pytest

from cnncli.errors import RunError
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir, verified_weights
from cnncli.runs.groups import GroupDir
from cnncli.runs.searches import SearchDir


@pytest.mark.parametrize("kind", [RunDir, GroupDir, SearchDir])
def test_a_place_is_where_it_was_whatever_the_current_folder_is(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative, absolute = kind(Path("runs/a-001")), kind(tmp_path / "runs/a-001")
    assert (relative.path, relative.name) == (Path("runs/a-001"), "a-001")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert (relative.path, absolute.path) == (absolute.path, tmp_path / "runs/a-001")
    monkeypatch.chdir(tmp_path)
    assert relative.path == Path("runs/a-001")


def test_files_of_a_run_are_read_and_written_from_another_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = RunDir(Path("runs/a-001"))
    run.path.mkdir(parents=True)
    monkeypatch.chdir(tmp_path.parent)
    run.set_status("finished")
    assert (run.is_finished(), run.status_file) == (True, tmp_path / "runs/a-001/status.json")


@pytest.mark.parametrize(
    "ask",
    [
        lambda run: run.spec,
        lambda run: run.metrics,
        lambda run: run.status,
        lambda run: run.history,
        lambda run: run.data_record,
        lambda run: verified_weights(run.folder),
        lambda run: GroupDir(run.path).record,
    ],
)
def test_a_folder_that_is_gone_is_told_from_one_that_lacks_a_file(ask, tmp_path):
    run = OpenRun(RunDir(tmp_path / "a-001"))
    with pytest.raises(RunError, match="a-001' is no longer there") as caught:
        ask(run)
    assert caught.value.hint == "if it was moved or renamed, open it where it is now"


def test_a_run_that_was_not_measured_has_no_metrics(tmp_path):
    assert OpenRun(RunDir(tmp_path)).metrics == {}
