"""`cnncli track` and `cnncli runs --send`, as far as they need neither TensorFlow nor a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncli.cli import main


def run(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


def test_a_tracker_that_nobody_knows(capsys, tmp_path):
    (tmp_path / "digits-001").mkdir()
    (tmp_path / "digits-001" / "status.json").write_text("{}")
    code, out, err = run(["track", "digits-001", "--to", "mflow", "--runs-dir", str(tmp_path)], capsys)
    assert (code, out) == (2, "")
    assert "did you mean 'MLflow'?" in err


def test_a_password_on_the_command_line_is_not_repeated(capsys, tmp_path):
    to = "MLflow: {tracking_uri: 'http://me:secret@host'}"
    code, out, err = run(["track", "any", "--to", to, "--runs-dir", str(tmp_path)], capsys)
    assert (code, "secret" in out + err, "MLFLOW_TRACKING_PASSWORD" in err) == (2, False, True)


def test_without_runs_there_is_nothing_to_send(capsys, tmp_path):
    code, out, err = run(["runs", "--send", "--runs-dir", str(tmp_path)], capsys)
    assert (code, out) == (0, "")
    assert "have all of them" in err


def test_groups_are_sent_run_by_run_and_what_is_no_run_keeps_none_back(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("search-001/trial-000", "search-001/trial-001", "digits-001"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "status.json").write_text("{}")  # no spec, which is said of each
    Path("runs/search-001/group.json").write_text('{"kind": "search"}')
    Path("runs/runs.html").write_text("a page of all runs")
    code, out, err = run(["track", "runs/runs.html", "search-001", "digits-001", "--to", "TensorBoard"], capsys)
    assert (code, out) == (6, "")
    first, *others = [line for line in err.splitlines() if line.startswith("error: ")]
    assert first == "error: 'runs/runs.html' is a file, not a run"
    for line, name in zip(others, ("search-001/trial-000", "search-001/trial-001", "digits-001"), strict=True):
        assert line.startswith(f"error: 'runs/{name}' is not a complete run: ")
