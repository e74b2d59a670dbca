"""The folder of a search: its trials are listed, and it is taken neither for a run nor for a training with folds."""

import json

import pytest

from cnncli.cli import main
from cnncli.errors import RunError
from cnncli.runs.groups import GroupDir, find_group
from cnncli.runs.searches import SearchDir, search_at


@pytest.fixture
def search(tmp_path):
    """A search with a complete trial, one that was pruned, one that has just begun, and one that is damaged."""
    folder = tmp_path / "digits-tune"
    folder.mkdir()
    record = {"kind": "search", "metric": "val_accuracy", "created": "2026-01-01T10:00:00Z"}
    (folder / "group.json").write_text(json.dumps(record))
    ends = [{"state": "complete", "value": 0.875}, {"state": "pruned", "value": None, "reason": "after 2 epochs"}, None]
    for number, end in enumerate(ends):
        run = folder / f"trial-{number:03d}"
        run.mkdir()
        values = {"train.batch_size": 8 * number, "model.layers[0].Dense.units": 3}
        entries = {"number": number, "values": values, **({"end": end} if end else {})}
        (run / "trial.json").write_text(json.dumps(entries))
    (folder / "trial-003").mkdir()
    (folder / "trial-003" / "trial.json").write_text("{")
    return SearchDir(folder)


def test_the_trials_are_read(search, tmp_path):
    states = [(trial.number, trial.state, trial.value) for trial in search.trials()]
    assert states == [(0, "complete", 0.875), (1, "pruned", None), (2, "not started", None)]
    assert search.state() == "2 trials"
    assert search_at("digits", tmp_path).path == search_at(str(search.path), tmp_path).path == search.path
    assert search_at("digit", tmp_path) is None


def test_a_search_is_no_training_with_folds(search, tmp_path):
    assert find_group("digits-tune", tmp_path).path == search.path
    with pytest.raises(RunError, match="is a search"):
        GroupDir(search.path).record  # noqa: B018


def listed(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["runs", *arguments])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_runs_lists_a_search_and_its_trials(search, tmp_path, capsys):
    assert listed(capsys, "--runs-dir", str(tmp_path)).splitlines()[1].split()[:3] == ["digits-tune", "2", "trials"]
    table = listed(capsys, "--runs-dir", str(tmp_path), "--group", "digits").splitlines()
    assert table[0].split() == ["run", "state", "val_accuracy", "tried"]
    assert table[1].split() == ["trial-000", "complete", "0.8750", "batch_size", "0,", "units", "3"]
    assert table[2].split() == ["trial-001", "pruned", "batch_size", "8,", "units", "3"]
    rows = json.loads(listed(capsys, "--runs-dir", str(tmp_path), "--group", "digits", "--json"))
    assert (rows[1]["state"], rows[1]["reason"], rows[1]["metric"]) == ("pruned", "after 2 epochs", "val_accuracy")
