"""Class names that probably mean the same."""

import unicodedata

import pytest

from cnncli.data.names.similar_names import merging, similar_names


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ANGER", "anger"),
        ("cat", "cat "),
        ("cat", "cats"),
        ("T-shirt", "t_shirt"),
        ("hot dog", "hotdog"),
        ("chèvre", unicodedata.normalize("NFD", "chèvre")),
        ("é", unicodedata.normalize("NFD", "é")),
        ("ﬁsh", "fish"),
        ("cat", "ca\u200bt"),
        ("class 1", "class 01"),
        ("Straße", "STRASSE"),
    ],
)
def test_names_that_mean_the_same(first, second):
    assert similar_names([first, "owl", second]) == [(first, second)]


@pytest.mark.parametrize(
    "names",
    [
        ["A", "a"],
        ["1", "11"],
        ["1_1", "11"],
        ["1.5", "15"],
        ["+", "-", "_"],
        ["glass", "glas"],
        ["bus", "bu"],
        ["10", "1"],
        ["猫", "犬"],
    ],
)
def test_names_that_do_not(names):
    assert similar_names(names) == []


def test_three_of_a_group_become_one():
    names = ["cat", "Cat", "dog", "CAT"]
    groups = similar_names(names)
    assert groups == [("cat", "Cat", "CAT")]
    assert merging(names, groups) == {"cat": "cat", "Cat": "cat", "dog": "dog", "CAT": "cat"}


def test_signs_of_numbers_are_no_punctuation():
    assert similar_names(["-1", "0", "1", "-10", "10", "1.5", "-1.5"]) == []
    assert similar_names(["+1", "01"]) == [("+1", "01")]
