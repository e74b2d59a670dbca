"""Classes that a split lacks, and classes that may be one, are told."""

import numpy as np
import pytest

from cnncli.data.quality.class_warnings import class_warnings, lacking_classes


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
