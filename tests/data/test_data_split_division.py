"""Train, validation and test divided at once: exact counts, every class everywhere, the same for the same seed."""

import re

import numpy as np
import pytest

from cnncli.data.split import Drawing, divide
from cnncli.errors import DataError

NAMES = ("Faces", "Leopards", "Motorbikes", "airplanes")
CALTECH = np.repeat(np.arange(4), [435, 200, 798, 800])


def split(labels=CALTECH, names=NAMES, validation=0, test=0, stratify=True, seed=0):
    return divide(labels, names, validation, test, Drawing(stratify, seed))


@pytest.mark.parametrize("seed", range(4))
def test_the_test_images_of_the_tutorial(seed):
    division = split(test=0.25, seed=seed)
    assert np.bincount(CALTECH[division.test]).tolist() == [109, 50, 200, 200]
    assert len(division.validation) == 0
    assert division.validation.dtype == np.int64


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize(
    ("validation", "test", "sizes"),
    [(3000, 10_000, (37_000, 3000, 10_000)), (0.05, 0.2, (37_500, 2500, 10_000)), (3000, 0, (47_000, 3000, 0))],
)
def test_fractions_of_all_the_images_and_exact_counts(validation, test, sizes, stratify):
    labels = np.random.default_rng(0).permutation(np.arange(50_000) % 10)
    division = split(labels, [str(label) for label in range(10)], validation, test, stratify)
    parts = (division.train, division.validation, division.test)
    assert tuple(map(len, parts)) == sizes
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(50_000))
    assert all((np.diff(part) > 0).all() for part in parts)
    if stratify:
        assert all(np.ptp(np.bincount(labels[part])) <= 1 for part in parts if len(part))


def test_without_stratification_the_last_are_tested_and_those_before_validate():
    division = split(np.arange(20) % 2, "ab", 3, 5, stratify=False)
    assert division.test.tolist() == [15, 16, 17, 18, 19]
    assert division.validation.tolist() == [12, 13, 14]


def test_the_seed_divides():
    first, again, other = (split(validation=0.1, test=0.2, seed=seed) for seed in (1, 1, 2))
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(first, part), getattr(again, part))
        assert not np.array_equal(getattr(first, part), getattr(other, part))


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        ([0] * 40 + [1] * 40 + [2], {"test": 0.2}, "the class owl has 1 image"),
        (
            [0] * 50 + [1] * 50 + [2] * 2,
            {"test": 0.1, "validation": 0.1},
            "2 images of the class owl none is in",
        ),
        ([0] * 90 + [1] * 90 + [2] * 3, {"test": 0.05}, "of the 3 images of the class owl none is in the test split"),
        ([0] * 20 + [1] * 20, {"test": 0.2}, "of the 0 images of the class owl none is in the train split"),
        ([0] * 30 + [1] * 30 + [2] * 30, {"test": 2}, "2 test images cannot hold one of each of the 3 classes"),
        (
            [0, 1, 2] * 10,
            {"test": 20, "validation": 10},
            "10 validation images of 10 leave no image for the other splits",
        ),
    ],
)
def test_a_class_that_would_be_missing_is_named(labels, options, words):
    with pytest.raises(DataError, match=words):
        split(np.array(labels), ("cat", "dog", "owl"), **options)


def test_folders_in_order_without_stratification_are_refused():
    with pytest.raises(DataError, match=r"none is in the train split|none is in the test split \(and 2 more classes\)"):
        split(test=0.25, stratify=False)


ADVICE = re.compile(r"set data\.split\.(validation|test) to (?:a number from )?(\d+)(?: to (\d+))?")


@pytest.mark.parametrize("end", [2, 3], ids=["least", "most"])
@pytest.mark.parametrize(
    ("counts", "parts", "stratify"),
    [
        ((10, 10, 10), {"test": 2, "validation": 0.1}, True),
        ((10, 10, 10), {"test": 29, "validation": 0.1}, True),
        ((10, 10, 10), {"test": 100, "validation": 3}, True),
        ((10, 10, 10), {"test": 0.2, "validation": 0.01}, True),
        ((10, 10, 10), {"test": 0.25, "validation": 0.1}, False),
        ((90, 90, 3), {"test": 0.05, "validation": 0.1}, True),
        ((50, 50, 4), {"test": 0.1, "validation": 0.1}, True),
        ((8,) * 12, {"test": 0.1, "validation": 0.1}, True),
        ((5,) * 40, {"test": 0.9, "validation": 0.3}, True),
        ((30, 30), {"test": 1, "validation": 1}, False),
    ],
)
def test_following_the_advice_ends_with_a_division(counts, parts, stratify, end):
    labels, followed = np.repeat(np.arange(len(counts)), counts), []
    while not (division := division_or_hint(labels, parts, stratify, followed)):
        hint = followed[-1]
        assert hint not in followed[:-1], followed
        if advice := ADVICE.search(hint):
            parts = {**parts, advice[1]: int(advice[end] or advice[2])}
        else:
            assert "remove 'stratify: false'" in hint
            stratify = True
    assert followed
    assert all(set(labels[part]) == set(labels) for part in (division.train, division.validation, division.test))


def division_or_hint(labels, parts, stratify, hints):
    """The division; None, with one hint more, when it is refused."""
    try:
        return split(labels, [str(label) for label in np.unique(labels)], **parts, stratify=stratify)
    except DataError as error:
        hints.append(error.hint)
        return None
