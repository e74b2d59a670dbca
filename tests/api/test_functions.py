"""A spec from a file, a text or dicts; what is wrong with it has a place and a suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncli

TEXT = "data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes}}]}\n"
DICT = {"data": {"source": "mnist"}, "model": {"layers": ["Flatten", {"Dense": {"units": "classes"}}]}}


def test_a_file_a_text_and_dicts_are_the_same_spec(tmp_path):
    (tmp_path / "run.yaml").write_text(TEXT)
    specs = [cnncli.load_spec(source) for source in (tmp_path / "run.yaml", str(tmp_path / "run.yaml"), TEXT, DICT)]
    assert len({str(spec.plain()) for spec in specs}) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [("train.epochs", 7), ("data.classes", ["3", "7"]), ("train.monitor", None), ("data.cache", False)],
)
def test_overrides_are_values_of_python(key, value):
    value_of = cnncli.load_spec(TEXT, {key: value})
    for part in key.split("."):
        value_of = getattr(value_of, part)
    assert value_of == value


def test_a_path_that_is_no_file_is_named():
    with pytest.raises(cnncli.SpecError, match=r"no such file: 'missing\.yaml'"):
        cnncli.load_spec("missing.yaml")


@pytest.mark.parametrize(
    ("source", "line"),
    [(TEXT.replace("units", "unit"), 2), ({**DICT, "model": {"layers": ["Flatten", {"Dense": {"unit": 5}}]}}, None)],
)
def test_a_problem_has_a_key_a_suggestion_and_a_line_in_a_text(source, line):
    with pytest.raises(cnncli.SpecError) as caught:
        cnncli.load_spec(source)
    (problem,) = (one for one in caught.value.problems if one.suggestion)
    assert (problem.key, problem.suggestion) == ("model.layers[1].Dense.unit", "units")
    assert (problem.place and problem.place.line) == line


def test_an_override_that_is_wrong_is_reported():
    with pytest.raises(cnncli.SpecError) as caught:
        cnncli.load_spec(DICT, {"train.epoch": 5})
    assert [(one.key, one.suggestion) for one in caught.value.problems] == [("train.epoch", "epochs")]


@pytest.mark.parametrize("source", [f"extends: base.yaml\n{TEXT}", {"extends": "base.yaml", **DICT}])
def test_only_a_file_extends_another(source):
    with pytest.raises(cnncli.SpecError, match="only the spec in a file"):
        cnncli.load_spec(source)


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(cnncli.RunError, match="there is no run 'mnist-001'"):
        cnncli.open_run("mnist-001", runs_dir=tmp_path)


@pytest.mark.slow
def test_a_model_has_the_same_weights_each_time_and_is_not_compiled():
    import numpy as np

    one, other = (cnncli.build_model(cnncli.load_spec(Path("configs/mnist.yaml"))) for _ in range(2))
    assert not one.compiled
    assert (one.input_shape, one.output_shape) == ((None, 28, 28, 1), (None, 10))
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
