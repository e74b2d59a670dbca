"""Paths in a spec are relative to the folder in which a command runs; where one is beside the spec, it is told so."""

from pathlib import Path

import pytest

SPEC = """\
data:
  source: {folder: {path: photos}}
model:
  layers:
    - Flatten
    - Dense: {units: classes, activation: softmax}
"""
THERE = "data.source={folder: {path: studies/photos}}"
NAMED = {
    "photos": [],
    "labels.csv": ["data.source={table: {path: labels.csv}}"],
    "photos.zip": ["data.source={folder: {path: photos.zip}}"],
    "images.npy": ["data.source={arrays: {path: images.npy, labels: labels.npy}}"],
    "split.csv": [THERE, "data.split.file=split.csv"],
    "corrected.csv": [THERE, "data.corrections=corrected.csv"],
    "old.weights.h5": [THERE, "model.weights=old.weights.h5"],
}
"""What a spec names, with what else is set to name it."""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A spec in a folder below, with everything beside it."""
    monkeypatch.chdir(tmp_path)
    Path("studies/photos").mkdir(parents=True)
    for name in (*NAMED, "labels.npy"):
        if name != "photos":
            Path("studies", name).touch()
    Path("studies/spec.yaml").write_text(SPEC)
    return "studies/spec.yaml"


@pytest.mark.parametrize("name", NAMED)
def test_what_is_beside_the_spec_is_told_with_its_path(call, study, name):
    options = [part for override in NAMED[name] for part in ("--set", override)]
    warned = call("check", study, *options)
    assert (warned.code, warned.err) == (0, "")  # without a next step, which would end there
    advice = f"write 'studies/{name}', or change to the folder of the spec first: cd studies"
    assert advice in warned.out
    refused = call("train", study, *options, "--dry-run")
    assert refused.code == 3
    assert advice in refused.err
    assert "nearest folder" not in refused.err


@pytest.mark.parametrize("command", ["preview", "data", "summary"])
def test_other_commands_tell_it_too(call, study, command):
    assert "write 'studies/photos'" in call(command, study).err


def test_what_is_nowhere_is_told_as_before(call, study):
    result = call("train", study, "--set", "data.source.folder.path=pictures", "--dry-run")
    assert "the nearest folder that exists is" in result.err
    assert "cd studies" not in result.err
