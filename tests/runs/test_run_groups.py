"""The folder of a group: its record, its state, and that it is never taken for a run."""

from __future__ import annotations

import json

import pytest

from cnncli.errors import RunError
from cnncli.runs import RunDir, find_run, list_runs
from cnncli.runs.groups import GroupDir, GroupRecord, find_group, list_groups


@pytest.fixture
def group(tmp_path):
    made = GroupDir(tmp_path / "photos-folds-001")
    made.write_record(GroupRecord(3, True, False, "name: photos\n", ["train"], "2026-11-29T15:00:00Z", "0.1.0"))
    return made


def finish(run: RunDir) -> None:
    run.path.mkdir(exist_ok=True)
    run.write_json("status.json", {"state": "finished"})


def test_what_was_written_is_read(group, tmp_path):
    (again,) = list_groups(tmp_path)
    assert again.record == group.record
    assert [run.name for run in again.runs] == ["fold-1", "fold-2", "fold-3", "final"]
    assert list_runs(tmp_path) == []


def test_the_state_follows_from_the_runs(group):
    assert group.state() == "0 of 4 runs"
    for run in group.runs[:3]:
        finish(run)
    assert group.state() == "3 of 4 runs"
    finish(group.runs[3])
    assert group.state() == "4 of 4 runs"
    group.page.write_text("")
    assert group.state() == "finished"


def test_a_group_is_not_a_run_and_its_runs_are(group, tmp_path):
    with pytest.raises(RunError, match="is a group of runs") as raised:
        find_run("photos-folds-001", tmp_path)
    assert "fold-1" in raised.value.hint
    finish(group.fold(2))
    assert find_run("photos-folds-001/fold-2", tmp_path).name == "fold-2"


def test_there_is_no_such_group(group, tmp_path):
    assert find_group("photos-folds-001", tmp_path).path == group.path
    with pytest.raises(RunError, match="did you mean 'photos-folds-001'"):
        find_group("photo-folds-001", tmp_path)


@pytest.mark.parametrize(
    ("key", "value"), [("folds", 1), ("folds", "5"), ("folds", True), ("spec", None), ("final", 1)]
)
def test_a_damaged_record_is_named(group, key, value):
    record = group.path / "group.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), key: value}))
    with pytest.raises(RunError, match=f"'{key}' in group.json is damaged"):
        _ = GroupDir(group.path).record


def test_a_group_with_links_is_refused(group, tmp_path):
    (group.path / "fold-1").symlink_to(tmp_path)
    with pytest.raises(RunError, match="symbolic link"):
        find_group("photos-folds-001", tmp_path)


def test_what_is_left_of_a_training_killed_before_its_first_fold_is_named(tmp_path):
    (tmp_path / "photos-folds-001" / "splits").mkdir(parents=True)
    for name in ("photos-folds-001", str(tmp_path / "photos-folds-001")):
        with pytest.raises(RunError, match="stopped before the first fold started") as raised:
            find_run(name, tmp_path)
        assert "--folds" in raised.value.hint
