"""Corrected labels: another class for some images, others left out, and a run that holds them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnncli.errors import DataError
from cnncli.notices import ignore
from cnncli.runner.inputs.corrections import read_corrections, write_corrections
from cnncli.runner.inputs.splits import load_splits
from cnncli.spec import load

MODEL = "model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"


@pytest.fixture
def digits(tmp_path):
    """A spec of 12 training and 6 test images, without files, in three classes."""
    images = {f"x_{split}": np.full((count, 4, 4), 200, np.uint8) for split, count in (("train", 12), ("test", 6))}
    np.savez(tmp_path / "few.npz", **images, y_train=np.arange(12) % 3, y_test=np.arange(6) % 3)
    text = f"data: {{source: {{arrays: {{path: {tmp_path / 'few.npz'}}}}}, split: {{validation: 3}}}}\n{MODEL}"
    return lambda *overrides: load(text, overrides).spec


@pytest.fixture
def photos(tmp_path):
    """A spec of eight pictures in folders of two classes."""
    for number in range(8):
        file = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 30 * number, np.uint8)).save(file)
    text = (
        f"data: {{source: {{folder: {{path: {tmp_path / 'photos'}}}}}, image: {{size: [4, 4]}}, "
        f"split: {{validation: 2, test: 2}}}}\n{MODEL}"
    )
    return lambda *overrides: load(text, overrides).spec


def labels_of(spec, notice=ignore):
    """The class of each image by its name, of all splits."""
    splits = load_splits(spec.data, spec.seed, notice=notice)
    return {
        name: splits.class_names[label]
        for samples in splits.samples.values()
        for name, label in zip(samples.names, samples.labels.tolist(), strict=True)
    }


def saved(tmp_path, text):
    file = tmp_path / "corrections.csv"
    file.write_text(text)
    return f"data.corrections={file}"


def test_files_get_another_class_or_are_left_out(photos, tmp_path):
    before, notices = labels_of(photos()), []
    spec = photos(saved(tmp_path, "image,class,note\na/0.png,b,looks like b\nb/3.png,,blurred\n"))
    after = labels_of(spec, notices.append)
    assert after == {name: "b" if name == "a/0.png" else label for name, label in before.items() if name != "b/3.png"}
    assert any("1 image is left out by" in line for line in notices)
    assert any("1 image has another class" in line for line in notices)


def test_numbered_images_are_named_with_their_split(digits, tmp_path):
    spec = digits(saved(tmp_path, "image,class\ntrain/0,2\ntest/1,\n"))
    splits = load_splits(spec.data, spec.seed)
    names = {split: samples.names for split, samples in splits.samples.items()}
    assert names["test"] == ("0", "2", "3", "4", "5")
    for split in ("train", "validation"):
        if "0" in names[split]:
            assert splits.samples[split].labels[names[split].index("0")] == 2
    assert len(names["train"]) + len(names["validation"]) == 12


def test_a_division_may_list_images_that_are_left_out(digits, tmp_path):
    rows = [f"{'test' if n < 3 else 'train'},train/{n}\n" for n in range(12)]
    (tmp_path / "split.csv").write_text("split,image\n" + "".join(rows))
    file = f"data.split.file={tmp_path / 'split.csv'}"
    spec = digits(saved(tmp_path, "image,class\ntrain/0,\n"), file, "data.split.validation=0")
    assert sorted(labels_of(spec)) == sorted(f"train/{n}" for n in range(1, 12))


def test_a_division_of_a_run_may_list_them_too(digits, tmp_path):
    (tmp_path / "images.csv").write_text(
        "split,origin,image,class,content\n"
        + "".join(f"{split},train,{n},0,x\n" for n, split in enumerate(["test", "train"] * 6))
    )
    (tmp_path / "data.json").write_text("{}")
    file = f"data.split.file={tmp_path / 'data.json'}"
    spec = digits(saved(tmp_path, "image,class\ntrain/0,\n"), file, "data.split.validation=0")
    assert sorted(labels_of(spec)) == sorted(f"train/{n}" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,class\na/0.png,c\n", "unknown class 'c'"),
        ("image,class\na/0.png,b\na/0.png,\n", "3: a/0.png is listed twice"),
        ("name,class\na/0.png,b\n", "is not a table of corrections: its first row is name,class"),
        ("", "is not a table of corrections: its first row is empty"),
        ("image,class\na/0.png\n", "2: the row is incomplete"),
        ("image,class\n" + "".join(f"a/{n}.png,b\n" for n in (0, 2, 4, 6)), "leaves no training image of a"),
    ],
)
def test_what_cannot_be_used_is_named(photos, tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        labels_of(photos(saved(tmp_path, text)))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_spreadsheet_may_have_saved_them(tmp_path, delimiter):
    file = tmp_path / "corrections.csv"
    file.write_text("\ufeffimage,class\na/0.png,b\n".replace(",", delimiter))
    assert read_corrections(file) == {"a/0.png": "b"}


def test_a_name_that_is_not_there_is_named(photos, tmp_path):
    notices = []
    labels_of(photos(saved(tmp_path, "image,class\na/9.png,b\nc.png,\n")), notices.append)
    assert "warning: data.corrections: image not found: 'a/9.png' and 1 more" in notices


def test_what_is_written_is_read(tmp_path):
    corrections = {"a/0.png": "b", 'odd,"name\n.png': "", "=1.png": "c"}
    write_corrections(tmp_path / "own.csv", corrections)
    assert read_corrections(tmp_path / "own.csv") == corrections


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_run_holds_its_corrections(photos, tmp_path):
    import cnncli

    spec = photos(saved(tmp_path, "image,class\na/0.png,b\nb/3.png,\n"), "train.epochs=1")
    run = cnncli.train(spec, tmp_path / "runs")
    (tmp_path / "corrections.csv").unlink()
    assert read_corrections(run.path / "corrections.csv") == {"a/0.png": "b", "b/3.png": ""}
    assert str(run.path / "corrections.csv") in (run.path / "spec.yaml").read_text()
    again = cnncli.open_run(run.path).evaluate("train")
    assert "b/3.png" not in again.evaluation.images
    assert run.reproduce().is_same
