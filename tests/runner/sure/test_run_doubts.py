"""What tells doubtful images of a run is measured once, belongs to its weights, and is refused where it cannot be."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import cnncli
from cnncli.data.sources.published import mnist
from cnncli.runner.sure.stored_doubts import FILE, stored_doubts

pytestmark = pytest.mark.slow


@pytest.fixture
def run(trained, tmp_path):
    return cnncli.open_run(shutil.copytree(trained.run.path, tmp_path / "copy"))


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)


def test_it_is_measured_once_and_answers_without_the_images_then(run, noise, tmp_path):
    said = []
    first = run.predict(list(noise), unknown=True, notice=said.append)
    assert ["measuring 1,000 training images, once" in line for line in said] == [True]
    assert {each.doubt for each in first} <= {"", "unsure", "unlike"}
    assert run.predict(noise[0])[0].doubt is None
    again = cnncli.open_run(run.path)
    assert [each.doubt for each in again.predict(list(noise), unknown=True, notice=pytest.fail)] == [
        each.doubt for each in first
    ]
    written = again.predict_to(tmp_path / "a.jsonl", _folder(noise, tmp_path), unknown=True, notice=pytest.fail)
    assert [json.loads(line)["doubt"] for line in written.path.read_text().splitlines()] == [
        each.doubt for each in first
    ]
    with pytest.raises(cnncli.DataError, match="the engine litert gives no embeddings"):
        again.predict(list(noise), unknown=True, engine="litert")
    with pytest.raises(cnncli.RunError, match="the best weights alone"):
        again.predict(list(noise), unknown=True, weights="last")


def _folder(pixels, tmp_path):
    folder = tmp_path / "negatives"
    folder.mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number:02}.png")
    return folder


def test_unknown_images_are_measured_beside_the_known_ones(run, noise, tmp_path):
    folder = _folder(noise, tmp_path)
    (folder / "broken.png").write_text("no picture")
    said = []
    found = run.measure_unknown([folder], notice=said.append)
    assert json.loads((run.path / "unknown.json").read_text()) == found
    assert "1 image in" in said[-1]
    names = [each["images_of"] for each in found["unknown"]]
    assert names == ["noise", "test images with pixels shuffled", "test images inverted", str(folder)]
    assert (found["known"]["images"], found["unknown"][-1]["images"]) == (100, 40)
    for each in (found["known"], *found["unknown"]):
        low, high = each["either"]["interval"]
        assert low <= each["either"]["share"] <= high
    stored = stored_doubts(run)
    assert stored.known.shape == (2, 100)
    assert found["unknown"][0]["auroc"]["unlike"] > 0.9
    assert run.doubt_sentence().startswith("doubts: 0.")
    (tmp_path / "empty").mkdir()
    with pytest.raises(cnncli.DataError):
        run.measure_unknown([tmp_path / "empty"])


def test_a_file_of_other_weights_or_a_damaged_one_is_measured_again(run):
    run.doubt_sentence(notice=lambda text: None)
    path = run.path / FILE
    with np.load(path) as arrays:
        good = dict(arrays)
    for changed in (
        {"identity": good["identity"][::-1]},
        {"origin": good["origin"][1:]},
        {"numbers": np.full(4, np.nan)},
    ):
        np.savez(path, **good | changed)
        assert stored_doubts(run) is None
    np.savez_compressed(path, **good)
    assert stored_doubts(run) is None
    np.savez(path, **good | {"origin": np.float32(1)})
    assert stored_doubts(run) is None
    narrower = {name: good[name][1:] for name in ("kernel", "origin", "directions")}
    np.savez(path, **good | narrower)
    with pytest.raises(cnncli.RunError, match="of another network"):
        cnncli.open_run(run.path).predict(np.zeros((28, 28), np.uint8), unknown=True)
    with pytest.raises(cnncli.RunError, match="of another network"):
        cnncli.open_run(run.path).measure_unknown()
    path.write_text("no archive")
    said = []
    cnncli.open_run(run.path).doubt_sentence(notice=said.append)
    assert len(said) == 1
    assert stored_doubts(run) is not None


SOFTMAX = "{Dense: {units: classes, activation: softmax}}"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("layers", "more"),
    [
        (f"[Flatten, {{Dense: {{units: 8, activation: relu}}}}, {{Dropout: {{rate: 0.1}}}}, {SOFTMAX}]", ()),
        (f"[Flatten, {{Dense: {{units: 8, activation: relu}}}}, {SOFTMAX}]", ("train.precision=mixed_bfloat16",)),
        ("[Flatten, {Dense: {units: 8, activation: relu}}, {Dense: {units: classes}}, Softmax]", ()),
        (
            "[{Conv2D: {filters: 4, kernel_size: 3}}, {Conv2D: {filters: classes, kernel_size: 1}}, "
            "GlobalAveragePooling2D, Softmax]",
            (),
        ),
        (
            f"[{{MobileNet: {{alpha: 0.25, weights: null}}}}, GlobalAveragePooling2D, {SOFTMAX}]",
            ("data.image.size=32", "data.image.color=rgb"),
        ),
    ],
    ids=["dropout", "bfloat16", "softmax", "convolution", "backbone"],
)
def test_heads_that_give_logits_of_features(few_digits_spec, tmp_path, noise, layers, more):
    run = cnncli.train(few_digits_spec("train.epochs=1", f"model.layers={layers}", *more), tmp_path)
    assert {each.doubt for each in run.predict(list(noise), unknown=True, notice=lambda text: None)} <= {
        "",
        "unsure",
        "unlike",
    }
    assert np.isfinite(stored_doubts(run).known).all()


@pytest.mark.exhaustive
def test_one_sigmoid_unit_has_doubts(few_digits_spec, tmp_path, noise):
    images, labels, test_images, test_labels = mnist.arrays()
    two, of_test = np.flatnonzero(labels < 2)[:600], np.flatnonzero(test_labels < 2)[:100]
    arrays = {"x_train": images[two], "y_train": labels[two]}
    np.savez(tmp_path / "two.npz", **arrays, x_test=test_images[of_test], y_test=test_labels[of_test])
    layers = "[Flatten, {Dense: {units: 8, activation: relu}}, {Dense: {units: 1, activation: sigmoid}}]"
    keys = (f"data.source={{arrays: {{path: {tmp_path / 'two.npz'}}}}}", "train.loss=BinaryCrossentropy")
    run = cnncli.train(few_digits_spec("train.epochs=1", f"model.layers={layers}", *keys), tmp_path)
    assert "unlike" in [each.doubt for each in run.predict(list(noise), unknown=True, notice=lambda text: None)]
    assert stored_doubts(run).doubts.likeness.head.kernel.shape == (8, 2)
    assert all(each.classes_in_set is not None for each in run.predict(list(noise), coverage=0.9))


@pytest.mark.exhaustive
def test_other_heads_and_few_images_are_refused(folder_spec, few_digits_spec, tmp_path):
    normalized = "[Flatten, {Dense: {units: classes}}, BatchNormalization, Softmax]"
    run = cnncli.train(few_digits_spec("train.epochs=1", f"model.layers={normalized}"), tmp_path)
    with pytest.raises(cnncli.RunError, match="a BatchNormalization that does not") as caught:
        run.doubt_sentence(notice=lambda text: None)
    assert "--coverage" in caught.value.hint
    run = cnncli.train(folder_spec("train.epochs=1"), tmp_path)
    with pytest.raises(cnncli.RunError, match=r"doubts need (50 training|19 validation) images"):
        run.doubt_sentence(notice=lambda text: None)
