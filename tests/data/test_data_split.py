"""The validation images: as many as asked for, of every class in proportion, the same ones for the same seed."""

import numpy as np
import pytest
from cases import each

from cnncli.data.split import Drawing, validation_indices
from cnncli.errors import DataError

NAMES = "abcd"


def labels_of(*counts: int) -> np.ndarray:
    """Labels with so many images of each class, in a mixed order."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(0).permutation(labels)  # (images,)


@pytest.mark.parametrize(("part", "count"), [(0.1, 100), (0.25, 250), (1, 1), (300, 300), (999, 999)])
def test_as_many_images_as_asked_for(part, count):
    labels = np.zeros(1000, np.int64)
    chosen = validation_indices(labels, part, Drawing(True, 0), NAMES)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert len(chosen) == count
    assert chosen.min() >= 0
    assert chosen.max() < 1000


@pytest.mark.parametrize("seed", range(5))
def test_every_class_keeps_its_share(seed):
    labels = labels_of(800, 150, 50)
    chosen = validation_indices(labels, 0.1, Drawing(True, seed), NAMES)
    assert np.bincount(labels[chosen]).tolist() == [80, 15, 5]


@each("seed", range(12))
def test_the_images_are_those_that_scikit_learn_draws(seed):
    from sklearn.model_selection import train_test_split

    random = np.random.default_rng(seed)
    labels = labels_of(*random.integers(20, 60, 4))
    count = int(random.integers(16, len(labels) - 16))
    _, expected = train_test_split(np.arange(len(labels)), test_size=count, stratify=labels, random_state=seed)
    assert np.array_equal(validation_indices(labels, count, Drawing(True, seed), NAMES), np.sort(expected))


def test_the_seed_chooses_the_images():
    labels = labels_of(500, 500)
    first, again, other = (validation_indices(labels, 0.2, Drawing(True, seed), NAMES) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_stratification_the_last_images_are_taken_whatever_the_seed():
    labels = labels_of(6, 4)
    for seed in (0, 1):
        assert validation_indices(labels, 0.3, Drawing(False, seed), NAMES).tolist() == [7, 8, 9]


@pytest.mark.parametrize("part", [9, 11, 0.999])
@pytest.mark.parametrize("stratify", [True, False])
def test_each_class_must_have_images_to_train_on(part, stratify):
    with pytest.raises(
        DataError, match="of 10 leave too few for the rest: the training needs 2, one of each"
    ) as caught:
        validation_indices(labels_of(5, 5), part, Drawing(stratify, 0), NAMES)
    assert caught.value.hint == "set data.split.validation to a number from 1 to 8"


def test_labels_that_are_hardly_classes_are_said_to_be_that():
    """As where a column of numbers to estimate was taken for the labels."""
    names = [str(number) for number in range(18)]
    with pytest.raises(DataError) as caught:
        validation_indices(np.minimum(np.arange(20), 17), 0.2, Drawing(True, 0), names)
    assert "; if the 18 labels are numbers such as prices or ages, they are not classes" in caught.value.hint
    with pytest.raises(DataError) as caught:
        validation_indices(np.repeat(np.arange(18), 2), 20, Drawing(True, 0), names)
    assert "prices" not in caught.value.hint


@pytest.mark.parametrize(
    ("counts", "part", "drawn"),
    [
        ((9, 1), 0.5, [5, 0]),  # one image cannot be on both sides: it is trained on
        ((5, 5, 4), 2, [1, 1, 0]),  # two validation images cannot be of three classes
        ((5, 5, 5), 12, [4, 4, 4]),
        ((1, 1, 1, 90), 20, [0, 0, 0, 20]),
        ((100, 3), 0.05, [4, 1]),  # the share of the small class is less than half an image
    ],
)
def test_every_class_is_trained_on_and_as_many_as_can_be_are_validated(counts, part, drawn):
    labels = labels_of(*counts)
    chosen = validation_indices(labels, part, Drawing(True, 0), NAMES)
    assert np.bincount(labels[chosen], minlength=len(counts)).tolist() == drawn
    assert np.array_equal(chosen, validation_indices(labels, part, Drawing(True, 0), NAMES))
    assert set(np.delete(labels, chosen)) == set(labels)


def test_the_last_images_may_not_be_all_of_a_class():
    with pytest.raises(DataError, match="the validation split takes all 2 images of the class b") as caught:
        validation_indices(np.array([0, 0, 0, 0, 1, 1]), 2, Drawing(False, 0), NAMES)
    assert "remove 'stratify: false'" in caught.value.hint


def test_a_fraction_of_few_images_is_one():
    assert len(validation_indices(labels_of(5, 5), 0.01, Drawing(True, 0), NAMES)) == 1
