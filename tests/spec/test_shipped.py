"""The specs that come with cnncli: each is listed, says what it reaches, and can be copied on its own."""

import re
from pathlib import Path

import pytest

from cnncli.errors import SpecError
from cnncli.spec import load, parse
from cnncli.spec.reader import read
from cnncli.spec.shipped import Shipped, shipped, standalone

CONFIGS = Path(__file__).parents[2] / "configs"
EVERY = shipped()


def test_every_file_of_the_folder_is_listed():
    expected = {file.relative_to(CONFIGS).with_suffix("").as_posix() for file in CONFIGS.rglob("*.yaml")}
    assert {one.name for one in EVERY} == expected
    assert "mnist" in expected


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_copy_says_the_same_and_needs_no_other_file(one):
    copy = standalone(one, "my own.yaml")
    value = read(copy, "my own.yaml").value
    assert "extends" not in value
    assert parse(read(copy, "my own.yaml")).spec.model_dump(exclude="name") == load(one.file).spec.model_dump(
        exclude="name"
    )
    assert "cnncli train 'my own.yaml'" in copy
    assert f"configs/{one.name}.yaml" not in copy
    assert copy.endswith("\n")
    assert not copy.endswith("\n\n")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_spec_opens_with_what_it_is_and_what_it_reaches(one):
    assert re.fullmatch(r"[A-Z].*\.", one.description)
    told = one.accuracy is not None or "Not measured here" in " ".join(one.heading)
    assert told, "write 'Test accuracy 0.…' and time and hardware, or 'Not measured here yet.'"


def test_the_measured_accuracy_is_told_and_that_of_others_is_not(tmp_path):
    def accuracy(*heading):
        return Shipped("a", tmp_path, heading).accuracy

    assert accuracy("A.", "", "Test accuracy 0.9764 (seed 0).") == 0.9764
    assert accuracy("A.", "", "The tutorial reports 0.816.") is None


def test_a_copy_of_a_spec_that_extends_nothing_keeps_every_line(tmp_path):
    one = next(one for one in EVERY if one.name == "mnist")
    assert standalone(one, "configs/mnist.yaml") == one.file.read_text()


@pytest.mark.parametrize("written", ["configs/mnist.yaml", "mnist.yaml", "configs/mnist/deeper.yaml"])
def test_somebody_elsewhere_is_told_how_to_have_the_file(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as raised:
        load(Path(written))
    name = written.removeprefix("configs/").removesuffix(".yaml")
    assert f"'cnncli init --template {name}' writes it here" in raised.value.problems[0].message
