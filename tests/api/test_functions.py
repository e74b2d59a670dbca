"""A spec from a file, a text or dicts; what is wrong with it has a place and a suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnncli
from cnncli.runs import RunDir

TEXT = "data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes}}]}\n"
DICT = {"data": {"source": "mnist"}, "model": {"layers": ["Flatten", {"Dense": {"units": "classes"}}]}}


def test_a_file_a_text_and_dicts_are_the_same_spec(tmp_path):
    (tmp_path / "run.yaml").write_text(TEXT)
    specs = [cnncli.load_spec(source) for source in (tmp_path / "run.yaml", str(tmp_path / "run.yaml"), TEXT, DICT)]
    assert len({str(spec.plain()) for spec in specs}) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [("train.epochs", 7), ("data.classes", ["3", "7"]), ("train.monitor", None), ("data.cache", "off")],
)
def test_overrides_are_values_of_python(key, value):
    value_of = cnncli.load_spec(TEXT, {key: value})
    for part in key.split("."):
        value_of = getattr(value_of, part)
    assert value_of == value


def test_what_load_spec_takes_is_taken_everywhere(tmp_path):
    (tmp_path / "run.yaml").write_text(TEXT)
    for source in (tmp_path / "run.yaml", TEXT, DICT):
        assert cnncli.summary(source).rows[-1].output_shape == (10,)
    for function in (cnncli.train, cnncli.build_model, cnncli.summary, cnncli.preview, cnncli.load_spec):
        with pytest.raises(cnncli.SpecError, match="no such file: 'text'"):
            function("text")
    with pytest.raises(cnncli.SpecError, match=r"no such file: 'missing\.yaml'"):
        cnncli.check_data("missing.yaml")


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


def test_a_check_lists_errors_and_warnings_and_raises_neither(tmp_path):
    right = TEXT.replace("classes}", "classes, activation: softmax}")
    assert cnncli.check_spec(right) == cnncli.SpecReport(())
    wrong = cnncli.check_spec(TEXT, ["train.epoch=5", "train.batch_size=0"])
    assert {problem.key for problem in wrong.errors} == {"train.epoch", "train.batch_size"}
    dubious = cnncli.check_spec(
        TEXT, {"data.source": {"folder": {"path": str(tmp_path / "photos")}}, "train.epochs": 5000}
    )
    assert (dubious.errors, [one.code for one in dubious.warnings][-1:]) == ((), ["not-there"])
    text = dubious._repr_html_()
    assert text.count("<tr>") == 1 + len(dubious.warnings)
    assert "photos does not exist" in text


def test_a_file_that_is_not_there_is_an_error_of_the_check():
    (problem,) = cnncli.check_spec("missing.yaml").errors
    assert "no such file" in problem.message


@pytest.mark.slow
def test_what_only_building_finds_has_its_place_beside_the_warnings(tmp_path):
    import numpy as np

    np.savez(tmp_path / "noise.npz", x_train=np.full((9, 8, 8), 200, np.uint8), y_train=np.arange(9) % 3)
    (tmp_path / "noise.yaml").write_text(
        f"data: {{source: {{arrays: {{path: {tmp_path / 'noise.npz'}}}}}}}\n"
        "model:\n  layers:\n    - Dropout: {rate: 0.9}\n    - Flatten\n    - Dense: {units: 2, activation: softmax}\n"
    )
    assert cnncli.check_spec(tmp_path / "noise.yaml").errors == ()
    report = cnncli.check_spec(tmp_path / "noise.yaml", build=True)
    assert [one.key for one in report.errors] == ["model.layers"]
    assert [(one.place.line, one.code) for one in (*report.errors, *report.warnings)] == [(4, ""), (4, "dropout-rate")]


def test_images_are_inspected_in_a_folder_and_as_a_spec_uses_them(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(8):
            Image.effect_noise((16, 16), 40 + number).save(tmp_path / name / f"{number}.png")
    (tmp_path / "cat" / "9.png").write_bytes(b"not an image")
    report = cnncli.check_data(tmp_path)
    assert (report.images, report.is_wrong, report.decoded) == (17, True, True)
    assert "9.png" in str(report.findings[0])
    assert report._repr_html_().count("<tr>") == 1 + len(report.findings)
    spec = cnncli.load_spec({**DICT, "data": {"source": {"folder": {"path": str(tmp_path)}}, "exclude": ["cat/9.png"]}})
    done = []
    report = cnncli.check_data(spec, quick=True, progress=lambda count, files: done.append((count, files)))
    assert (report.images, report.is_wrong, report.decoded, done[-1]) == (16, False, False, (16, 16))
    with pytest.raises(cnncli.DataError, match="does not exist"):
        cnncli.check_data(tmp_path / "missing")


def test_a_training_without_its_images_ends_before_tensorflow_is_started(tmp_path):
    import subprocess
    import sys

    program = (
        "import cnncli, sys\n"
        "spec = cnncli.load_spec('data: {source: {folder: {path: nowhere}}}\\nmodel: {layers: [Flatten]}')\n"
        "try: cnncli.train(spec)\n"
        "except cnncli.DataError as error: print(error, 'tensorflow' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.stdout.endswith("False\n"), result
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_summary_counts_what_the_model_has():
    spec = cnncli.load_spec(Path("configs/mnist.yaml"))
    model = cnncli.summary(spec)
    assert model.parameters == cnncli.build_model(spec).count_params()
    assert model._repr_html_().count("<tr>") == 1 + len(model.rows)


@pytest.mark.slow
def test_a_preview_is_a_picture_and_a_file_where_one_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = cnncli.load_spec(DICT, {"augment": [{"RandomFlip": {"mode": "horizontal"}}]})
    picture = cnncli.preview(spec)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == []
    assert cnncli.preview(spec, "flipped.png") == picture
    assert [path.name for path in tmp_path.iterdir()] == ["flipped.png"]


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


@pytest.mark.parametrize("one", ["mnist-001", Path("mnist-001")])
def test_one_text_where_several_are_expected_is_not_taken_letter_by_letter(one, tmp_path):
    for argument, call in {
        "runs": lambda: cnncli.compare(one, "mnist-002"),
        "shards": lambda: cnncli.merge_predictions(one, tmp_path / "all.csv"),
        "negatives": lambda: cnncli.Run(RunDir(tmp_path)).measure_unknown(one),
        "trusted": lambda: cnncli.Run(RunDir(tmp_path)).benchmark_exports(one),
    }.items():
        with pytest.raises(TypeError, match=rf"^{argument} takes a list, such as \['mnist-001'\]; got 'mnist-001'$"):
            call()


def test_no_shard_at_all_cannot_be_merged(tmp_path):
    with pytest.raises(cnncli.DataError, match="no shard is named"):
        cnncli.merge_predictions([], tmp_path / "all.csv")
