"""Problems of an installation or a machine are found and reported with a fix."""

from __future__ import annotations

import tomllib
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cnncli.doctor import checks
from cnncli.doctor.checks import check_version


def test_the_installed_versions_satisfy_the_requirements_of_the_package():
    requirements = [Requirement(text) for text in requires("cnncli")]
    results = [check_version(requirement) for requirement in requirements if requirement.marker is None]
    assert {"keras", "pillow", "tensorflow"} <= {check.name for check in results}
    assert [check for check in results if check.state != "ok"] == []


@pytest.mark.parametrize(
    ("requirement", "value", "state", "advice"),
    [
        ("pillow>=1", version("pillow"), "ok", ""),
        ("pillow>=999", version("pillow"), "error", "cnncli needs pillow >=999: pip install 'pillow>=999'"),
        ("numpy<1", version("numpy"), "error", "cnncli needs numpy <1: pip install 'numpy<1'"),
        ("no-such-package>=1", "missing", "error", "pip install 'no-such-package>=1'"),
    ],
)
def test_a_version_is_compared_with_its_floor(requirement, value, state, advice):
    check = check_version(Requirement(requirement))
    assert (check.value, check.state) == (value, state)
    assert check.advice.endswith(advice)


def test_the_processor_decides_which_precision_is_advised():
    amx = {check.name: check for check in checks._processor(frozenset({"avx", "avx2", "amx_tile", "amx_bf16"}))}
    assert "auto" in amx["bfloat16"].advice
    avx = {check.name: check for check in checks._processor(frozenset({"avx"}))}
    assert "float32" in avx["bfloat16"].advice
    assert list(checks._processor(None)) == []


def test_onednn_switched_off_is_a_warning(monkeypatch):
    monkeypatch.setattr(checks, "_is_x86", lambda: True)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert [check.state for check in checks._processor(frozenset({"avx"})) if check.name == "oneDNN"] == ["warning"]


def test_tensorflow_is_not_started_on_a_processor_without_avx(monkeypatch):
    monkeypatch.setattr(checks, "_is_x86", lambda: True)
    (check,) = checks._tensorflow(frozenset({"sse4_2"}))
    assert (check.state, "AVX" in check.advice) == ("error", True)


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    folders = {check.name: check for check in checks._folders(tmp_path / "file" / "runs")}
    assert (folders["runs"].state, "--runs-dir" in folders["runs"].advice) == ("error", True)
    assert folders["cache"].state == "ok"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_little_free_space_or_memory_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "LOW_SPACE", 1 << 60)
    monkeypatch.setattr(checks, "LOW_MEMORY", 1 << 60)
    assert checks._folder("runs", tmp_path, "make room").advice == "make room"
    assert [check.state for check in checks._memory()] in (["warning"], [])


def test_every_extra_is_told_whether_it_is_installed():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert set(checks.EXTRAS) == project["optional-dependencies"].keys() - {"dev", "test"}
    heic = Requirement('pillow>=1; extra == "heic"')
    missing = Requirement('no-such-package>=1; extra == "tiff"')
    results = {check.name: check for check in checks.extras([heic, missing])}
    assert results["cnncli[heic]"].value == f"pillow {version('pillow')}"
    assert results["cnncli[tiff]"].value == "not installed"
    assert results["cnncli[tiff]"].advice.endswith("pip install 'cnncli[tiff]'")
    assert {check.state for check in results.values()} == {"ok"}
