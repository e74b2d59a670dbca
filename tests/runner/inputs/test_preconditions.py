"""What a spec names and is not there is told before TensorFlow is started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cnncli.errors import DataError, RunError, SpecError
from cnncli.runner.inputs.preconditions import images_of_run, missing_inputs, require_inputs_exist
from cnncli.runner.inputs.source_check import scan_source
from cnncli.spec import load

LAYERS = """\
model:
  {weights}
  layers:
    - {backbone}
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(path="photos", weights="weights: null", backbone="Conv2D: {filters: 4, kernel_size: 3}", data=""):
        source = f"data:\n  source: {{folder: {{path: {path}}}}}\n{data}"
        Path("spec.yaml").write_text(source + LAYERS.format(weights=weights, backbone=backbone))
        return load(Path("spec.yaml")).spec

    return written


def write_images(*counts):
    from PIL import Image

    for label, count in zip("ab", counts, strict=True):
        Path("photos", label).mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (8, 8), (number, 9, ord(label))).save(Path("photos", label, f"{number}.png"))


@pytest.mark.parametrize(
    ("given", "place", "error", "says"),
    [
        ({}, ("data", "source", "folder", "path"), DataError, "photos does not exist; the nearest folder"),
        ({"weights": "weights: old.weights.h5"}, ("model", "weights"), DataError, "'old.weights.h5' does not exist"),
        ({"weights": f"weights: {'w' * 260}.weights.h5"}, ("model", "weights"), DataError, "File name too long"),
        ({"weights": "weights: {run: nosuch}"}, ("model", "weights"), RunError, "there is no run 'nosuch'"),
        (
            {"backbone": "MobileNetV2: {weights: old.weights.h5}"},
            ("model", "layers", 0, "MobileNetV2", "weights"),
            DataError,
            "'old.weights.h5' does not exist",
        ),
    ],
)
def test_what_is_missing_has_its_place(spec, given, place, error, says):
    if given:
        Path("photos").mkdir()
    written = spec(**given)
    (problem,) = missing_inputs(written.data, written.model, Path("runs"))
    assert (problem.path, problem.code) == (place, "not-there")
    assert says in problem.message
    with pytest.raises(error):
        require_inputs_exist(written.data, written.model, Path("runs"))


def test_images_of_the_package_are_there():
    mnist = load(Path("configs/mnist.yaml")).spec
    assert missing_inputs(mnist.data, mnist.model, Path("runs")) == []


def test_training_without_images_ends_before_tensorflow_is_imported(spec):
    spec()
    program = (
        "import sys; from cnncli.cli import main\ntry: main(['train', 'spec.yaml'])\n"
        "except SystemExit as end: print(end.code, 'tensorflow' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["3", "False"], result.stderr


def test_a_relative_path_of_weights_cannot_come_from_a_parameter(spec):
    body = "model: {blocks: {b: {parameters: {w: old.h5}, layers: [MobileNetV2: {weights: $w}]}}, layers: [b]}"
    Path("spec.yaml").write_text(f"data: {{source: cifar10}}\n{body}\n")
    with pytest.raises(SpecError) as raised:
        load(Path("spec.yaml"))
    found = {problem.path: problem.message for problem in raised.value.problems}
    path = ("model", "blocks", "b", "layers", 0, "MobileNetV2", "weights")
    assert "must be absolute, not 'old.h5' (with w: 'old.h5', used at model.layers[0])" in found[path]


def test_the_doctor_tells_that_images_cannot_be_divided(spec):
    written = spec()
    write_images(1, 1)
    report = scan_source(written.data, written.seed)
    (finding,) = [finding for finding in report.findings if finding.code == "refused"]
    assert report.is_wrong
    assert "1 test image of 2 leaves too few for the rest" in finding.affected[0].detail


def test_the_doctor_tells_which_classes_a_division_leaves_out(spec):
    written = spec()
    write_images(2, 20)
    report = scan_source(written.data, written.seed)
    (finding,) = [finding for finding in report.findings if finding.code == "missing-class"]
    assert not report.is_wrong
    assert "the validation images lack the class a (2 images)" in finding.affected[0].detail


def test_the_doctor_is_content_with_what_can_be_divided(spec):
    written = spec(data="  split: {test: 2, validation: 2}\n")
    write_images(6, 6)
    assert "refused" not in [finding.code for finding in scan_source(written.data, written.seed).findings]


@pytest.mark.parametrize(
    ("folders", "data", "codes"),
    [
        (("train", "val"), "", ["test-from-training"]),
        (("Training", "valid"), "", ["test-from-training"]),
        (("batch1", "batch2"), "  split: {folder: {batch1: train, batch2: validation}}\n", ["test-from-training"]),
        (("train", "val"), "  split: {test: validation}\n", []),
        (("train", "val"), "  split: {test: 0.2}\n", []),
        (("train", "val", "test"), "", []),
        (("train", "test"), "  split: {test: 0.2}\n", ["split-not-used"]),
        (("train", "val"), "  classes: [train, val]\n", []),
        (("cats", "dogs"), "", []),
    ],
)
def test_what_becomes_of_the_splits_of_a_folder_is_said_before_the_training(spec, folders, data, codes):
    for folder in folders:
        Path("photos", folder, "cat").mkdir(parents=True)
    written = spec(data=data)
    problems = missing_inputs(written.data, written.model, Path("runs"))
    assert [problem.code for problem in problems] == codes


def test_how_to_keep_all_images_for_training_is_said(spec):
    for folder in ("train", "val"):
        Path("photos", folder, "cat").mkdir(parents=True)
    written = spec()
    (problem,) = missing_inputs(written.data, written.model, Path("runs"))
    assert problem.message == (
        "photos has validation images and no test images: 20% of its training images become the test images; to keep "
        "all of them for training, set data.split.test to validation, which tests on the validation images"
    )


def test_a_division_that_is_not_there_is_named_with_its_key(spec):
    Path("photos").mkdir()
    written = spec(data="  split: {file: nowhere.csv}\n")
    (problem,) = missing_inputs(written.data, written.model, Path("runs"))
    assert (problem.path, problem.code) == (("data", "split", "file"), "not-there")


def test_what_a_built_in_set_has_itself_is_said_by_check(spec):
    written = load(
        "data: {source: mnist, split: {test: 0.3, validation: 0.1}}\n"
        + LAYERS.format(weights="weights: null", backbone="Conv2D: {filters: 4, kernel_size: 3}")
    ).spec
    (problem,) = missing_inputs(written.data, written.model, Path("runs"))
    assert problem.message == "mnist has its own test images, and they are used: data.split.test: 0.3 has no effect"


def test_images_of_a_run_that_are_nowhere_are_told_with_the_option_for_their_new_place(spec, tmp_path):
    def told(error="", **places):
        with pytest.raises(DataError) as caught, images_of_run(spec().data, **places):
            raise (
                DataError("gone", "put them back", error) if error else AssertionError("images that are not there pass")
            )
        return caught.value.message, caught.value.hint.splitlines()[-1]

    option = "if the images of the run were moved, name their new place: --data PATH"
    none = tmp_path / "none"
    assert told() == ("photos does not exist", option)
    assert told(moved=none)[0] == told(on=none)[0] == f"{none} does not exist"
    assert "--data" not in told(moved=none)[1] + told(on=none)[1]
    (tmp_path / "photos").mkdir()
    assert told("cat/1.png") == ("gone", option)
    assert told("cat/1.png", moved=tmp_path) == told("cat/1.png", on=tmp_path) == ("gone", "put them back")
