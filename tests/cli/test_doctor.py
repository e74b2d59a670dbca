"""`cnncli doctor`, on this machine."""

import json
import tempfile

import pytest

from cnncli.cli.doctor import show_checks
from cnncli.doctor.checks import Check

pytestmark = pytest.mark.slow


def test_the_self_test_passes_here_and_leaves_nothing_behind(call, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = call("doctor", "--self-test", "--json", "--runs-dir", tmp_path / "runs", TMPDIR=str(tmp_path))
    assert result.code == 0, result
    checks = {check["name"]: check for check in json.loads(result.out)}
    assert {"tensorflow", "device", "runs", "training", "evaluation", "prediction"} <= checks.keys()
    assert all(check.keys() == {"group", "name", "found", "state", "advice"} for check in checks.values())
    assert {check["state"] for check in checks.values()} <= {"ok", "warning"}
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_shown_with_its_advice_and_exits_with_5(call, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "file").touch()
    result = call("doctor", "--runs-dir", tmp_path / "file" / "runs")
    assert result.code == 5
    assert "error: cannot be written to: choose another directory" in " ".join(result.out.split())
    assert result.out.endswith("1 error: see above\n")


def test_what_is_shown_fits_in_80_columns(capsys):
    show_checks(
        [Check("machine", "memory", "1 GB free", "warning", "word " * 40), Check("places", "\x1b[31m", "x\x1b")]
    )
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
