"""Splits that have every class on each side where the images permit it."""

import numpy as np
import pytest

from cnncli.draft.split import choose_split
from cnncli.errors import DataError


def chosen(*counts, **own):
    names = tuple(f"c{number}" for number in range(len(counts)))
    return choose_split({"train": np.repeat(np.arange(len(counts)), counts), **own}, names)


@pytest.mark.parametrize("counts", [(400, 4), (3, 3), (5,) * 100, (40, 3)])
def test_every_class_is_on_every_side(counts):
    split = chosen(*counts)
    assert split.train + split.validation + split.test == sum(counts)
    assert set(split.keys) == {"validation", "test"}
    assert split.lacking == ()


def test_larger_fractions_are_chosen_where_they_have_every_class():
    assert chosen(*[30] * 20).keys == {"validation": 0.15, "test": 0.2}
    assert chosen(*[5] * 20).keys == {"validation": 0.2, "test": 0.2}


@pytest.mark.parametrize(
    ("counts", "lacking"),
    [
        (
            (40, 2),
            ["the validation images lack the class c1 (2 images): how well it is recognised is not measured on them"],
        ),
        (
            (40, 1),
            [
                "the validation images lack the class c1 (1 image): how well it is recognised is not measured on them",
                "the test images lack the class c1 (1 image): how well it is recognised is not measured on them",
            ],
        ),
    ],
)
def test_a_class_too_rare_to_be_on_every_side_is_told(counts, lacking):
    split = chosen(*counts)
    assert split.keys == {"validation": 0.15, "test": 0.2}
    assert list(split.lacking) == [f"{sentence}; add images" for sentence in lacking]


def test_own_test_images_leave_a_pair_to_train_and_validate():
    own = np.repeat([0, 1], [40, 2])
    split = chosen(40, 2, test=own)
    assert (split.keys, split.test, split.lacking) == ({"validation": 0.15}, 42, ())


def test_measurements_instead_of_classes_are_called_that():
    with pytest.raises(DataError) as caught:
        choose_split({"train": np.arange(3)}, ("0.143", "0.286", "0.429"))
    assert caught.value.hint.startswith("the classes are numbers with fractions, such as 0.143: measurements")


@pytest.mark.parametrize("counts", [(1, 1, 1), (1,) * 30])
def test_classes_of_one_image_are_called_that(counts):
    with pytest.raises(DataError, match=f"each of the {len(counts)} classes has one image to train on, such as 'c0'"):
        chosen(*counts)
