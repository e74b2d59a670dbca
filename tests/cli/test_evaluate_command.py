"""`cnncli evaluate` and `predict` with other weights and on other images."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits(trained, tmp_path_factory):
    """Class folders with two of the run's test images for each of three digits."""
    from cnncli.data.sources.published import mnist

    folder = tmp_path_factory.mktemp("photos")
    _, _, images, labels = mnist.arrays()
    for digit in (3, 5, 7):
        (folder / str(digit)).mkdir()
        for index in np.flatnonzero(labels[:1000] == digit)[:2]:
            Image.fromarray(images[index].squeeze()).save(folder / str(digit) / f"{index}.png")
    return folder


def test_which_weights_were_measured_is_told(call, trained):
    best, last = (
        call("evaluate", "small-001", "--runs-dir", trained, "--json", "--weights", each) for each in ("best", "last")
    )
    assert (json.loads(best.out)["weights"], json.loads(last.out)["weights"]) == ("best", "last")
    shown = call("evaluate", "small-001", "--runs-dir", trained, "--weights", "last")
    assert "\ntest, last weights   loss " in shown.out
    again = call("evaluate", "small-001", "--runs-dir", trained, "--weights", "first")
    assert (again.code, "'best', 'last'" in again.err) == (2, True)


def test_other_images_are_measured_and_named(call, trained, digits):
    run = trained / "small-001"
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    shown = call("evaluate", run, "--on", digits)
    assert shown.code == 0, shown.err
    assert f"note: {digits} has no images of the classes 0, 1, 2, 4, 6, 8, 9" in shown.err
    assert f"\n{digits}   loss " in shown.out
    values = json.loads(call("evaluate", run, "--on", digits, "--json").out)
    assert (values["on"], values["split"], values["images"]) == (str(digits), "", 6)
    assert {name: row["support"] for name, row in values["classes"].items() if name in "357"} == dict.fromkeys("357", 2)
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_an_older_run_gets_the_files_that_it_lacks(call, trained, tmp_path):
    run = shutil.copytree(trained / "small-001", tmp_path / "old")
    predictions = (run / "predictions.csv").read_bytes()
    (run / "logits.npz").unlink()
    (run / "calibration.json").unlink()
    assert call("evaluate", run, "--write").code == 0
    assert (run / "logits.npz").exists()
    assert json.loads((run / "calibration.json").read_text())["split"] == "test"
    assert (run / "predictions.csv").read_bytes() == predictions
    refused = call("evaluate", run, "--write", "--split", "validation")
    assert (refused.code, "best weights on the run's own test images" in refused.err) == (2, True)


def test_a_new_place_and_other_images_exclude_each_other(call, trained, digits):
    refused = call("evaluate", trained / "small-001", "--on", digits, "--data", digits)
    assert (refused.code, "use one of them" in refused.err) == (2, True)
    assert call("evaluate", trained / "small-001", "--on", digits, "--split", "test").code == 3


def test_predictions_say_which_weights_they_are_of(call, trained, digits):
    pictures = sorted(digits.rglob("*.png"))
    arguments = ("predict", *pictures, "--run", trained / "small-001", "--json")
    of_best, of_last = (json.loads(call(*arguments, "--weights", each).out) for each in ("best", "last"))
    assert {one["weights"] for one in of_last} == {"last"}
    # One epoch: both are the same, and computed by LiteRT and by TensorFlow
    assert [one["probability"] for one in of_last] == pytest.approx([one["probability"] for one in of_best], abs=1e-5)


@pytest.mark.exhaustive
def test_negatives_are_measured_beside_the_test_images(call, trained, tmp_path):
    run = shutil.copytree(trained / "small-001", tmp_path / "small-001")
    folder = tmp_path / "noise"
    folder.mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    result = call("evaluate", run, "--negatives", folder)
    rows = [line.split() for line in result.out.splitlines() if line.startswith(("known", "noise", str(folder)))]
    assert [row[-5] for row in rows] == ["1,000", "500", "30"]
    listed = json.loads(call("evaluate", run, "--negatives", folder, "--json").out)
    assert listed["unknown"] == json.loads((run / "unknown.json").read_text())
    shown = call("predict", folder / "0.png", "--run", run, "--unknown")
    assert shown.err.startswith("doubts: 0.")
    assert shown.out.splitlines()[0].split() == ["image", "class", "probability", "doubt"]
    assert "doubt" in json.loads(call("predict", folder / "0.png", "--run", run, "--unknown", "--json").out)[0]


def test_negatives_are_for_the_run_as_it_was_trained(call, trained, tmp_path):
    for more in (("--weights", "last"), ("--split", "train"), ("--on", tmp_path)):
        result = call("evaluate", trained / "small-001", "--negatives", tmp_path, *more)
        assert (result.code, "best weights on the run's own test images" in result.err) == (2, True)
