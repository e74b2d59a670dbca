"""The list of runs."""

import json


def make(folder, name, state, started, accuracy=None):
    run = folder / name
    run.mkdir(parents=True)
    status = {"state": state, "started": started, "ended": started, "epochs": 2, "pid": 1, "host": "elsewhere"}
    (run / "status.json").write_text(json.dumps(status))
    if accuracy is not None:
        (run / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))


def names(result):
    return [line.split()[0] for line in result.out.splitlines()[1:]]


def test_runs_are_listed_newest_first_and_sorted_as_asked(call, tmp_path):
    make(tmp_path, "b-001", "finished", "2026-03-01T10:00:00Z", 0.91)
    make(tmp_path, "a-001", "finished", "2026-01-01T10:00:00Z", 0.95)
    make(tmp_path, "c-001", "diverged", "2026-02-01T10:00:00Z")
    (tmp_path / "torn-001").mkdir()
    (tmp_path / "torn-001" / "status.json").write_text("{")
    (tmp_path / "no-run").mkdir()
    listed = call("runs", "--runs-dir", tmp_path)
    assert names(listed) == ["b-001", "c-001", "a-001", "torn-001"]
    assert "2026-03-01 10:00" in listed.out
    assert "broken" in listed.out.splitlines()[-1]
    assert names(call("runs", "--sort", "accuracy", CNNCLI_RUNS_DIR=str(tmp_path)))[:2] == ["a-001", "b-001"]
    assert names(call("runs", "--sort", "name", "--runs-dir", tmp_path)) == ["a-001", "b-001", "c-001", "torn-001"]
    assert names(call("runs", "--sort", "state", "--runs-dir", tmp_path))[:2] == ["torn-001", "c-001"]
    found = json.loads(call("runs", "--json", "--runs-dir", tmp_path).out)
    assert found[0] | {"path": ""} == {
        "name": "b-001",
        "path": "",
        "state": "finished",
        "started": "2026-03-01T10:00:00Z",
        "epochs": 2,
        "accuracy": 0.91,
        "reason": None,
    }


def test_an_empty_folder_says_how_to_begin(call, tmp_path):
    result = call("runs", "--runs-dir", tmp_path / "none")
    assert (result.code, result.out) == (0, "")
    assert "cnncli train" in result.err
