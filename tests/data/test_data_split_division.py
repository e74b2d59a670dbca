"""Train, validation and test divided at once: exact counts, every class everywhere, the same for the same seed."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from cnncli.data.split import Drawing, divide
from cnncli.errors import DataError

SOME = settings(max_examples=60, deadline=None)
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


def in_each(counts, division):
    """For each class, its images in train, validation and test."""
    labels = np.repeat(np.arange(len(counts)), counts)
    parts = (division.train, division.validation, division.test)
    return np.transpose([np.bincount(labels[part], minlength=len(counts)) for part in parts]).tolist()


@pytest.mark.parametrize(
    ("counts", "parts", "rarest"),
    [
        ((40, 40, 1), {"test": 0.2}, [1, 0, 0]),
        ((40, 40, 1), {"test": 0.2, "validation": 0.1}, [1, 0, 0]),
        ((50, 50, 2), {"test": 0.1, "validation": 0.1}, [1, 0, 1]),
        ((90, 90, 3), {"test": 0.05, "validation": 0.1}, [1, 1, 1]),
        ((30, 30, 29), {"test": 2}, [29, 0, 0]),
        ((2, 2), {"test": 0.2, "validation": 0.1}, [1, 0, 1]),
        ((2, 2), {"test": 0.2}, [1, 0, 1]),
    ],
)
def test_a_class_with_few_images_is_trained_on_first_then_tested(counts, parts, rarest):
    division = split(np.repeat(np.arange(len(counts)), counts), "abc"[: len(counts)], **parts)
    assert in_each(counts, division)[-1] == rarest


@SOME
@given(
    st.lists(st.integers(1, 30), min_size=2, max_size=60), st.floats(0.02, 0.4), st.floats(0.02, 0.4), st.integers(0, 9)
)
def test_all_classes_are_everywhere_where_there_are_enough_images(counts, validation, test, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    try:
        division = split(labels, list(map(str, labels)), validation, test, seed=seed)
    except DataError:
        assert len(labels) * (1 - validation - test) < len(counts) + 2  # hardly more images than classes
        return
    sizes = [len(part) for part in (division.train, division.validation, division.test)]
    assert sum(sizes) == len(labels)
    assert sizes[1] == max(1, round(len(labels) * validation))
    for size, (trained, validated, tested) in zip(counts, in_each(counts, division), strict=True):
        assert trained
        assert tested or size == 1 or sizes[2] < len(counts)
        assert validated or size < 3 or min(sizes[1:]) < len(counts)


def test_a_draw_of_scikit_learn_that_has_all_classes_everywhere_is_kept():
    from sklearn.model_selection import train_test_split

    for seed in range(3):
        _, tested = train_test_split(np.arange(len(CALTECH)), test_size=447, stratify=CALTECH, random_state=seed)
        assert split(validation=0.1, test=0.2, seed=seed).test.tolist() == sorted(tested)


def test_folders_in_order_without_stratification_are_refused():
    with pytest.raises(DataError, match="the test split takes all 40 images of the class airplanes: none is left"):
        split(np.repeat(np.arange(4), [80, 40, 40, 40]), test=0.2, stratify=False)


ADVICE = re.compile(r"set data\.split\.(validation|test) to (?:a number from )?(\d+)(?: to (\d+))?")


@pytest.mark.parametrize("end", [2, 3], ids=["least", "most"])
@pytest.mark.parametrize(
    ("counts", "parts", "stratify"),
    [
        ((10, 10, 10), {"test": 29, "validation": 0.1}, True),
        ((10, 10, 10), {"test": 100, "validation": 3}, True),
        ((10, 10, 10), {"test": 0.25, "validation": 0.1}, False),
        ((1,) * 12 + (2,), {"test": 0.1, "validation": 0.1}, True),
        ((1,) * 12 + (3,), {"test": 0.1, "validation": 0.1}, True),
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
    assert set(labels[division.train]) == set(labels)
    assert len(division.test)


def test_one_image_of_each_class_cannot_be_divided():
    with pytest.raises(
        DataError, match="1 test image of 4 leaves too few for the rest: the training needs 4"
    ) as caught:
        split(np.arange(4), test=0.2)
    assert caught.value.hint == "add images"


def division_or_hint(labels, parts, stratify, hints):
    """The division; None, with one hint more, when it is refused."""
    try:
        return split(labels, [str(label) for label in np.unique(labels)], **parts, stratify=stratify)
    except DataError as error:
        hints.append(error.hint)
        return None
