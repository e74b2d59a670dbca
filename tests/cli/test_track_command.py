"""`cnncli track` and `cnncli runs --send`, as far as they need neither TensorFlow nor a server."""

from __future__ import annotations

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
