"""What is wrong with an installation or a machine is found, and said with what to do about it."""

from __future__ import annotations

from importlib.metadata import requires, version

import pytest
from packaging.requirements import Requirement

from cnncli.doctor import checks as doctor
from cnncli.doctor import self_test as selftest
from cnncli.doctor.checks import checked_version, folder_size
from cnncli.doctor.self_test import run_self_test


def test_every_dependency_that_is_required_here_is_good_enough():
    wanted = [Requirement(text) for text in requires("cnncli")]
    checks = [checked_version(one) for one in wanted if one.marker is None]
    assert {"keras", "pillow", "tensorflow"} <= {check.name for check in checks}
    assert [check for check in checks if check.state != "ok"] == []


@pytest.mark.parametrize(
    ("requirement", "found", "state", "advice"),
    [
        ("pillow>=1", version("pillow"), "ok", ""),
        ("pillow>=999", version("pillow"), "error", "outside their memory by a picture; pip install 'pillow>=999'"),
        ("numpy<1", version("numpy"), "error", "pip install 'numpy<1'"),
        ("no-such-package>=1", "missing", "error", "pip install 'no-such-package>=1'"),
    ],
)
def test_a_version_is_held_against_its_floor(requirement, found, state, advice):
    check = checked_version(Requirement(requirement))
    assert (check.found, check.state) == (found, state)
    assert check.advice.endswith(advice)


def test_the_processor_tells_what_it_can():
    found = {check.name: check for check in doctor._processor(frozenset({"avx", "avx2", "amx_tile", "amx_bf16"}))}
    assert "auto" in found["bfloat16"].advice
    assert "float32" in {check.name: check for check in doctor._processor(frozenset({"avx"}))}["bfloat16"].advice
    assert list(doctor._processor(None)) == []


def test_onednn_that_was_switched_off_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor, "_is_x86", lambda: True)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert [check.state for check in doctor._processor(frozenset({"avx"})) if check.name == "oneDNN"] == ["warning"]


def test_tensorflow_is_not_started_where_it_would_end_the_process(monkeypatch):
    monkeypatch.setattr(doctor, "_is_x86", lambda: True)
    (check,) = doctor._tensorflow(frozenset({"sse4_2"}))
    assert (check.state, "AVX" in check.advice) == ("error", True)


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    checks = {check.name: check for check in doctor._places(tmp_path / "file" / "runs")}
    assert (checks["runs"].state, "--runs-dir" in checks["runs"].advice) == ("error", True)
    assert checks["cache"].state == "ok"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_little_room_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "LITTLE_SPACE", 1 << 60)
    monkeypatch.setattr(doctor, "LITTLE_MEMORY", 1 << 60)
    assert doctor._place("runs", tmp_path, "make room").advice == "make room"
    assert [check.state for check in doctor._memory()] in (["warning"], [])


def test_the_size_of_a_folder_is_that_of_its_own_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(1000))
    (tmp_path / "etc").symlink_to("/etc")
    assert 1000 <= folder_size(tmp_path) < 1100
    assert folder_size(tmp_path / "missing") == 0


def test_a_self_test_that_fails_says_which_command_and_why(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(selftest, "SPEC", selftest.SPEC.replace("epochs: 10", "epochs: ten"))
    (check,) = run_self_test(told.append)
    assert (check.name, check.state) == ("training", "error")
    assert "cnncli train ended with 2: " in check.advice
    assert told == ["self-test: training …"]
    monkeypatch.setattr(selftest, "MOST_SECONDS", 0.01)
    (check,) = run_self_test(told.append)
    assert "was not ready" in check.advice
