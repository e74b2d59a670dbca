"""Classes that a split lacks, and classes that may be one, are told."""

import re

import numpy as np
import pytest

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.inventory.source_inventory import inventory_of_data
from cnncli.data.quality.class_warnings import class_warnings, folders_within_classes, lacking_classes
from cnncli.data.sources import folder
from cnncli.spec.reader import read_value


def warnings(names, **labels) -> list[str]:
    return list(class_warnings(names, {split: np.array(of_split) for split, of_split in labels.items()}))


def test_a_class_that_a_split_lacks_is_a_warning():
    assert warnings(("cat", "dog", "owl"), train=[0, 1, 2], validation=[0], test=[1, 2]) == [
        "warning: the validation images lack the classes dog, owl: how well they are recognised is not measured on "
        "them",
        "warning: the test images lack the class cat: how well it is recognised is not measured on them",
    ]
    assert warnings(("cat", "dog"), train=[0, 1], test=[1, 0]) == []


@pytest.mark.parametrize(
    ("sizes", "drawn", "way"),
    [
        ((30, 30, 30), [0, 2], "set data.split.test to 3 to have one of each"),
        ((30, 30, 2), [0, 1], "add images"),  # one to train on, and one to validate
        ((30, 30, 1), [0, 1, 0], "add images"),
        ((2, 2, 3), [0, 1], "add images"),  # too few for three of each
        ((30, 30, 30), [0, 0, 0, 2], "add images"),
    ],
)
def test_a_drawn_split_that_lacks_a_class_says_how_it_could_have_it(sizes, drawn, way):
    labels = np.repeat(np.arange(3), sizes)
    (lacking,) = set(range(3)) - set(drawn)
    sentence = lacking_classes("test", labels, np.array(drawn), "abc")
    assert sentence.startswith(f"the test images lack the class {'abc'[lacking]} ({sizes[lacking]} image")
    assert sentence.endswith(f"is not measured on them; {way}")
    assert lacking_classes("test", labels, np.array(drawn), "abc", "because").endswith("; because")
    assert lacking_classes("test", labels, np.arange(3), "abc") == ""


def test_similar_names_come_with_the_mapping_that_merges_them():
    line, _ = warnings(("ANGER", "anger", "1 joy", "null"), train=[0, 1, 2])
    assert "'ANGER' and 'anger'" in line
    assert 'data.classes: {ANGER: anger, anger: anger, "1 joy": "1 joy", "null": "null"}' in line
    names = ("ANGER", "anger", *map(str, range(30)))
    assert warnings(names, train=[0])[0].endswith("data.classes: a mapping with one name for both")


INNER = ("animals/cat", "animals/dog", "vehicles/car", "vehicles/big ship")


@pytest.mark.parametrize("splits", [("",), ("train/", "test/")])
def test_folders_within_classes_are_told_with_what_makes_classes_of_them(tmp_path, splits):
    for place in (tmp_path / split / inner for split in splits for inner in INNER):
        place.mkdir(parents=True)
        (place / "1.png").touch()
    outer = folder.load(tmp_path, InputFormat(8, 8, 3))
    (told,) = folders_within_classes(inventory_of_data(outer, tmp_path).entries)
    assert "such as animals/cat; to make these the classes (cat, dog, " in told
    written = re.search(r"data\.split\.folder: (\{.*\})$", told)[1]
    inner = folder.load(tmp_path, InputFormat(8, 8, 3), split_folders=read_value(written, "a.yaml"))
    assert outer.class_names == ("animals", "vehicles")
    assert sorted(inner.class_names) == ["big ship", "car", "cat", "dog"]
    assert list(inner.splits) == list(outer.splits)
    assert {len(samples) for samples in inner.splits.values()} == {4}


@pytest.mark.parametrize(
    "files",
    [
        ("animals/cat/1.png", "animals/dog/1.png", "vehicles/1.png"),
        ("animals/1.png", "animals/cat/1.png", "animals/dog/1.png", "vehicles/car/1.png"),
        ("animals/images/1.png", "vehicles/photos/1.png"),
        ("animals/1.png", "vehicles/1.png"),
    ],
)
def test_folders_that_can_be_no_classes_are_not_told(tmp_path, files):
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    data = folder.load(tmp_path, InputFormat(8, 8, 3))
    assert list(folders_within_classes(inventory_of_data(data, tmp_path).entries)) == []


def test_of_many_folders_some_are_proposed(tmp_path):
    for number in range(9):
        for inner in "ab":
            (tmp_path / f"c{number}" / f"{inner}{number}").mkdir(parents=True)
            (tmp_path / f"c{number}" / f"{inner}{number}" / "1.png").touch()
    data = folder.load(tmp_path, InputFormat(8, 8, 3))
    (told,) = folders_within_classes(inventory_of_data(data, tmp_path).entries)
    assert told.endswith("{c0: train, c1: train, c2: train, c3: train, c4: train, c5: train, …}")
