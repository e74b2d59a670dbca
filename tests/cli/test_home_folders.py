"""`~` at the beginning of a path, wherever a path is given; and where it stands for no folder."""

from __future__ import annotations

import pytest

NOBODY = "~nobody-of-this-name/x"
SPEC = """\
data: {source: SOURCE, image: {size: 8, color: rgb}, classes: [a, b]}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1}
"""


def spec_of(path):
    return SPEC.replace("SOURCE", f"{{folder: {{path: '{path}'}}}}")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_options_and_variables_have_it_as_shells_have_words(call, home):
    (home / "spec.yaml").write_text(spec_of("~"))
    (home / "runs" / "small-001").mkdir(parents=True)
    (home / "runs" / "small-001" / "status.json").write_text('{"state": "failed"}')
    assert call("check", "~/spec.yaml").code == 0
    assert "small-001" in call("runs", "--runs-dir=~/runs").out
    assert "small-001" in call("runs", CNNCLI_RUNS_DIR="~/runs").out
    (home.parent / "own.yaml").write_text("extends: ~/spec.yaml\n")
    assert call("check", "own.yaml").code == 0


def test_a_file_that_begins_with_it(call, home):
    (home.parent / "~").write_text("nonsense: 1")
    assert "nonsense" in call("check", "./~").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", NOBODY], 2),
        (["train", NOBODY], 2),
        (["train", "spec.yaml"], 3),
        (["data", NOBODY], 3),
        (["init", NOBODY], 3),
        (["summary", NOBODY], 6),
        (["evaluate", NOBODY], 6),
        (["resume", NOBODY], 6),
        (["predict", "a.png", "--run", NOBODY], 6),
        (["predict", "a.png", "--runs-dir", NOBODY], 6),
        (["train", "mnist.yaml", "--runs-dir", NOBODY], 5),
        (["init", "--template", "mnist", "-o", f"{NOBODY}.yaml"], 5),
    ],
)
def test_a_folder_of_nobody_is_an_error_in_one_sentence(call, home, arguments, code):
    (home.parent / "spec.yaml").write_text(spec_of(NOBODY))
    (home.parent / "mnist.yaml").write_text(SPEC.replace("SOURCE", "mnist").replace("[a, b]", "null"))
    result = call(*arguments)
    assert (result.code, "nobody-of-this-name" in result.out + result.err) == (code, True), result
    assert "bug" not in result.err
    assert not (home.parent / "~nobody-of-this-name").exists()
