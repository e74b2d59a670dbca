"""The validation images: as many as asked for, of every class in proportion, the same ones for the same seed."""

import numpy as np
import pytest

from cnncli.data.split import Drawing, validation_indices
from cnncli.errors import DataError


def labels_of(*counts: int) -> np.ndarray:
    """Labels with so many images of each class, in a mixed order."""
    labels = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng(0).permutation(labels)  # (images,)


@pytest.mark.parametrize(("part", "count"), [(0.1, 100), (0.25, 250), (1, 1), (300, 300), (999, 999)])
def test_as_many_images_as_asked_for(part, count):
    labels = np.zeros(1000, np.int64)
    chosen = validation_indices(labels, part, Drawing(True, 0))
    assert chosen.dtype == np.int64
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    assert len(chosen) == count
    assert chosen.min() >= 0
    assert chosen.max() < 1000


@pytest.mark.parametrize("seed", range(5))
def test_every_class_keeps_its_share(seed):
    labels = labels_of(800, 150, 50)
    chosen = validation_indices(labels, 0.1, Drawing(True, seed))
    assert np.bincount(labels[chosen]).tolist() == [80, 15, 5]


def test_the_seed_chooses_the_images():
    labels = labels_of(500, 500)
    first, again, other = (validation_indices(labels, 0.2, Drawing(True, seed)) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_stratification_the_last_images_are_taken_whatever_the_seed():
    labels = labels_of(6, 4)
    for seed in (0, 1):
        assert validation_indices(labels, 0.3, Drawing(False, seed)).tolist() == [7, 8, 9]


@pytest.mark.parametrize("part", [10, 11, 0.999])
@pytest.mark.parametrize("stratify", [True, False])
def test_both_sides_must_have_images(part, stratify):
    with pytest.raises(DataError, match="leave no image for the other splits") as caught:
        validation_indices(labels_of(5, 5), part, Drawing(stratify, 0))
    assert caught.value.hint == "set data.split.validation to a number from 1 to 9"


@pytest.mark.parametrize(
    ("counts", "part"),
    [
        ((9, 1), 0.5),  # one image cannot be on both sides
        ((5, 5, 5), 2),  # two validation images cannot be of three classes
        ((5, 5, 5), 13),  # nor two training images
    ],
)
def test_a_class_that_cannot_be_on_both_sides_is_told(counts, part):
    with pytest.raises(DataError, match=r"every class is on both sides|cannot hold one of each of the"):
        validation_indices(labels_of(*counts), part, Drawing(True, 0))


def test_a_fraction_of_few_images_may_be_none():
    with pytest.raises(DataError, match="no image is left for validation") as caught:
        validation_indices(labels_of(5, 5), 0.01, Drawing(True, 0))
    assert caught.value.hint == "set data.split.validation to a number from 1 to 9"
