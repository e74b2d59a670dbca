"""Classes that a split lacks, and classes that may be one, are told."""

import numpy as np

from cnncli.data.quality.class_warnings import class_warnings


def warnings(names, **labels) -> list[str]:
    return list(class_warnings(names, {split: np.array(of_split) for split, of_split in labels.items()}))


def test_a_class_that_a_split_lacks_is_a_warning():
    assert warnings(("cat", "dog", "owl"), train=[0, 1, 2], validation=[0], test=[1, 2]) == [
        "warning: the validation images lack the classes dog, owl: how well they are recognised is not measured on "
        "them",
        "warning: the test images lack the class cat: how well it is recognised is not measured on them",
    ]
    assert warnings(("cat", "dog"), train=[0, 1], test=[1, 0]) == []


def test_similar_names_come_with_the_mapping_that_merges_them():
    (line,) = warnings(("ANGER", "anger", "1 joy", "null"), train=[0, 1, 2])
    assert "'ANGER' and 'anger'" in line
    assert 'data.classes: {ANGER: anger, anger: anger, "1 joy": "1 joy", "null": "null"}' in line
    names = ("ANGER", "anger", *map(str, range(30)))
    assert warnings(names, train=[0])[0].endswith("data.classes: a mapping with one name for both")
