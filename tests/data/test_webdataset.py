"""Tar archives of WebDataset: which member is the image, which the label, and which split an archive is."""

import io
import tarfile

import numpy as np
import pytest
from picture_files import encoded
from table_reading import READING

from cnncli.data.sources import table
from cnncli.errors import DataError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))


def archive(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as written:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            written.addfile(entry, io.BytesIO(content))
    return file


def read(path):
    """The brightness of each image with its label, by split."""
    data = table.load(path, READING)
    return {
        split: [
            (pixel, data.class_names[label])
            for pixel, label in zip(
                samples.read(np.arange(len(samples)))[:, 0, 0, 0].tolist(), samples.labels, strict=True
            )
        ]
        for split, samples in data.splits.items()
    }


@pytest.mark.parametrize("order", [("txt", "png", "json", "cls"), ("json", "txt", "cls", "png"), ("cls", "png", "txt")])
def test_a_label_comes_before_a_caption_wherever_it_stands(tmp_path, order):
    samples = {"1": (10, b"0"), "2": (20, b"1")}
    members = {
        f"{key}.{kind}": {"txt": b"a caption " + label, "png": encoded(grey), "json": b'{"label": 9}', "cls": label}[
            kind
        ]
        for key, (grey, label) in samples.items()
        for kind in order
    }
    assert read(archive(tmp_path / "a.tar", members)) == {"train": [(10, "0"), (20, "1")]}


@pytest.mark.parametrize("other", ["depth.png", "mask.jpg", "a.b.webp"])
def test_the_image_itself_comes_before_others_of_its_sample(tmp_path, other):
    members = {}
    for number, grey in enumerate((10, 20)):
        members |= {
            f"{number}.{other}": encoded(200),
            f"{number}.png": encoded(grey),
            f"{number}.cls": b"ab"[number:][:1],
        }
    assert read(archive(tmp_path / "a.tar", members)) == {"train": [(10, "a"), (20, "b")]}


def test_names_within_a_sample(tmp_path):
    members = {
        "s/1.input.png": encoded(10),
        "s/1.target.cls": b"a",
        "s/2.input.png": encoded(20),
        "s/2.target.cls": b"b",
    }
    assert read(archive(tmp_path / "a.tar", members)) == {"train": [(10, "a"), (20, "b")]}


@pytest.mark.parametrize("keys", [("a 1", "a_1"), ("x/1", "x_1"), ("é" * 110 + "1", "e" + "é" * 109 + "1")])
def test_keys_that_look_alike_as_files_stay_apart(tmp_path, keys):
    members = {}
    for key, grey, label in zip(keys, (10, 20), (b"a", b"b"), strict=True):
        members |= {f"{key}.png": encoded(grey), f"{key}.cls": label}
    assert read(archive(tmp_path / "a.tar", members)) == {"train": [(10, "a"), (20, "b")]}


@pytest.mark.parametrize(
    "names",
    [
        ("train-0", "val-0"),
        ("imagenet-train-000", "imagenet-val-000"),
        ("pets_train.v1", "pets_val.v1"),
        ("train/0", "val/0"),
    ],
)
def test_archives_of_splits(tmp_path, names):
    for name, grey in zip(names, (10, 30), strict=True):
        members = {"1.png": encoded(grey), "1.cls": b"a", "2.png": encoded(grey + 10), "2.cls": b"b"}
        archive(tmp_path / "in" / f"{name}.tar", members)
    assert read(tmp_path / "in") == {"train": [(10, "a"), (20, "b")], "validation": [(30, "a"), (40, "b")]}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("train-0", "test-0", "extra-0"), "extra-0.tar after none"),
        (("fine/train-0", "coarse/train-0"), "they are several data sets"),
        (("fine/val/0", "fine/train/0", "coarse/train/0"), "they are several data sets"),
    ],
)
def test_archives_that_are_not_one_data_set(tmp_path, names, said):
    for name in names:
        archive(tmp_path / "in" / f"{name}.tar", {"1.png": encoded(10), "1.cls": b"a"})
    with pytest.raises(DataError, match=said):
        read(tmp_path / "in")


@pytest.mark.parametrize(("first", "second", "split"), [("train", "val", "validation"), ("Training", "Test", "test")])
def test_splits_within_an_archive(tmp_path, first, second, split):
    members = {}
    for place, grey in ((first, 10), (second, 30)):
        members |= {f"{place}/{at}.png": encoded(grey + at) for at in (1, 2)}
        members |= {f"{place}/{at}.cls": str(at).encode() for at in (1, 2)}
    assert read(archive(tmp_path / "a.tar", members)) == {
        "train": [(11, "1"), (12, "2")],
        split: [(31, "1"), (32, "2")],
    }
    members |= {"more/1.png": encoded(90), "more/1.cls": b"1"}
    assert [*read(archive(tmp_path / "a.tar", members))] == ["train"]
