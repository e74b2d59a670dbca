"""Folds divide each class evenly, keep groups whole, leave none empty, and say what cannot be divided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnncli.data.groups import Groups
from cnncli.data.split import Drawing
from cnncli.errors import DataError
from cnncli.folds.dealing import fold_numbers, uneven

NAMES = tuple("abcdefgh")


def dealt(labels, folds, groups=None, stratify=True, seed=0):
    drawing = Drawing(stratify, seed, None if groups is None else Groups.named(list(map(str, groups))))
    return fold_numbers(np.array(labels, np.int64), folds, drawing, NAMES)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=60), st.integers(2, 6), st.integers(0, 9))
def test_each_class_and_all_images_are_even(labels, folds, seed):
    labels = np.array([*labels, *np.repeat(np.unique(labels), 2)])
    try:
        numbers = dealt(labels, folds, seed=seed)
    except DataError:
        assert len(labels) < folds
        return
    for of in (labels == labels, *(labels == label for label in np.unique(labels))):
        counts = np.bincount(numbers[of], minlength=folds)
        assert counts.max() - counts.min() <= 1
    assert np.array_equal(numbers, dealt(labels, folds, seed=seed))


def test_the_seed_decides():
    labels = np.arange(40) % 2
    assert not np.array_equal(dealt(labels, 5), dealt(labels, 5, seed=1))


@given(st.integers(2, 5), st.integers(0, 20), st.integers(0, 1000))
def test_groups_stay_whole_and_no_fold_is_empty(folds, more, seed):
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(folds + more), random.integers(1, 6, folds + more))
    labels = random.integers(0, 2, len(groups))
    try:
        numbers = dealt(labels, folds, groups, seed=seed)
    except DataError:
        return  # a class in too few groups
    assert len(np.unique(numbers)) == folds
    for group in np.unique(groups):
        assert len(np.unique(numbers[groups == group])) == 1
    for fold in range(folds):
        assert set(labels[numbers != fold]) == set(labels)


def test_classes_of_many_groups_are_nearly_even():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 4)
    labels = random.choice(3, 100, p=[0.6, 0.3, 0.1])[groups]
    numbers = dealt(labels, 5, groups)
    shares = np.array([np.bincount(labels[numbers == fold], minlength=3) for fold in range(5)])
    assert np.abs(shares - np.bincount(labels) / 5).max() <= 4


def test_without_stratify_folds_are_parts_in_order():
    numbers = dealt(np.arange(10) % 2, 5, stratify=False)
    assert numbers.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("labels", "groups", "stratify", "message", "hint"),
    [
        ([0, 1, 0], None, True, "5 folds need at least 5 images; got 3", "--folds 3"),
        ([0, 1, 0, 1], [0, 0, 1, 1], True, "5 folds need at least 5 groups; got 2", "data.split.group"),
        ([0] * 9 + [1], None, True, "the class b has a single image", "data.classes"),
        ([0] * 23 + [1] * 2, None, False, "one fold has all images of the class b", "stratify: false"),
        ([0, 1, 1, 0, 0, 0, 0], [0, 1, 1, 2, 3, 4, 5], True, "class b are in a single group", "data.split.group"),
    ],
)
def test_what_cannot_be_divided_is_named(labels, groups, stratify, message, hint):
    with pytest.raises(DataError) as raised:
        dealt(labels, 5, groups, stratify)
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_rare_classes_are_named():
    labels = np.array([0] * 10 + [1] * 3)
    warning = uneven(labels, dealt(labels, 5), 5, NAMES)
    assert "fewer images or groups than folds: b;" in warning
    assert "--folds 3" in warning
    assert uneven(labels, dealt(labels, 3), 3, NAMES) == ""
