"""The specs that come with cnncli: each is listed, states its accuracy, and can be copied on its own."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

import cnncli
from cnncli.errors import ResourceError, SpecError
from cnncli.spec import load, parse
from cnncli.spec.reader import read
from cnncli.spec.shipped import Shipped, shipped
from cnncli.spec.standalone import standalone

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
    assert parse(read(copy, "my own.yaml")).spec.replace(name="") == load(one.file).spec.replace(name="")
    assert "cnncli train 'my own.yaml'" in copy
    assert f"configs/{one.name}.yaml" not in copy
    assert copy.endswith("\n")
    assert not copy.endswith("\n\n")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_spec_opens_with_its_description_and_accuracy(one):
    assert re.fullmatch(r"[A-Z].*\.", one.description)
    stated = one.accuracy is not None or "Not measured here" in " ".join(one.heading)
    assert stated, "write 'Test accuracy 0.…' and time and hardware, or 'Not measured here yet.'"


def test_the_measured_accuracy_is_read_and_that_of_others_is_not(tmp_path):
    def accuracy(*heading):
        return Shipped("a", tmp_path, heading).accuracy

    assert accuracy("A.", "", "Test accuracy 0.9764 (seed 0).") == 0.9764
    assert accuracy("A.", "", "The tutorial reports 0.816.") is None


def test_a_copy_of_a_spec_that_extends_nothing_keeps_every_line(tmp_path):
    one = next(one for one in EVERY if one.name == "mnist")
    assert standalone(one, "configs/mnist.yaml") == one.file.read_text()


@pytest.mark.parametrize("written", ["configs/mnist.yaml", "mnist.yaml", "configs/mnist/deeper.yaml"])
def test_somebody_elsewhere_reads_how_to_get_the_file(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as raised:
        load(Path(written))
    name = written.removeprefix("configs/").removesuffix(".yaml")
    assert f"'cnncli init --template {name}' writes it here" in raised.value.problems[0].message


def test_an_installed_package_has_the_folder_inside_and_a_checkout_beside_it(tmp_path, monkeypatch):
    package = tmp_path / "cnncli"
    monkeypatch.setattr(sys.modules["cnncli.spec.shipped"], "__file__", str(package / "spec" / "shipped.py"))
    with pytest.raises(ResourceError, match="are missing"):
        shipped()
    for parent in (tmp_path, package):  # when there are both, the installed one is used
        (parent / "configs").mkdir(parents=True)
        (parent / "configs" / "mnist.yaml").write_text("# It.\n")
        assert [one.file.parent for one in shipped()] == [parent / "configs"]


def test_nothing_in_the_package_is_a_symbolic_link():
    """A checkout on Windows would have a text file in its place."""
    assert [path for path in Path(cnncli.__file__).parent.rglob("*") if path.is_symlink()] == []


def test_every_package_is_installed():
    root = CONFIGS.parent
    listed = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    folders = {file.parent.relative_to(root).as_posix().replace("/", ".") for file in (root / "cnncli").rglob("*.py")}
    assert set(listed) == folders | {"cnncli.configs"}
