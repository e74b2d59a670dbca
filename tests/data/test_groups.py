"""Groups stay whole: in whichever split, of about the size asked for, with the classes in proportion."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from cnncli.data.groups import Groups, drawn_groups, matched_groups, shared_groups
from cnncli.data.split import Drawing, divide, validation_indices
from cnncli.errors import DataError

SOME = settings(max_examples=60, deadline=None)


@st.composite
def grouped_images(draw):
    """Labels and groups of some images: groups of any size, each of one class or of several."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=6, max_size=40))
    classes = draw(st.integers(2, 4))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    mixed = draw(st.booleans())
    labels = [
        random.integers(classes, size=size) if mixed else np.full(size, random.integers(classes)) for size in sizes
    ]
    names = np.repeat([f"p{number}" for number in range(len(sizes))], sizes)
    order = random.permutation(len(names))
    return np.concatenate(labels)[order].astype(np.int64), Groups.named(names[order].tolist())


def lonely(labels, groups):
    """The images of classes that live in one group or in two."""
    return sum(
        int((labels == label).sum())
        for label in np.unique(labels)
        if len(np.unique(groups.of_image[labels == label])) < 4
    )


@SOME
@given(grouped_images(), st.booleans(), st.integers(0, 5), st.sampled_from([(0.2, 0.2), (0.1, 0.3), (0, 0.25)]))
def test_a_division_is_complete_whole_and_the_same_again(images, stratify, seed, parts):
    labels, groups = images
    names = [str(label) for label in range(5)]
    try:
        division = divide(labels, names[: labels.max() + 1], *parts, Drawing(stratify, seed, groups))
    except DataError:
        return  # a class is in one group alone, or a group holds nearly everything: tests of their own
    again = divide(labels, names[: labels.max() + 1], *parts, Drawing(stratify, seed, groups))
    splits = (division.train, division.validation, division.test)
    assert np.array_equal(np.sort(np.concatenate(splits)), np.arange(len(labels)))
    assert np.array_equal(np.concatenate(splits), np.concatenate((again.train, again.validation, again.test)))
    assert shared_groups({str(number): groups.take(part) for number, part in enumerate(splits)}) == []
    assert set(labels[division.train]) == set(labels)


@SOME
@given(grouped_images(), st.integers(0, 5), st.floats(0.1, 0.5))
def test_the_size_is_within_the_largest_group_of_the_wish(images, seed, fraction):
    labels, groups = images
    largest = np.bincount(groups.of_image).max()
    count = max(1, round(len(labels) * fraction))
    for stratify in (True, False):
        indices = drawn_groups(labels, groups, count, stratify=stratify, seed=seed)
        slack = lonely(labels, groups) if stratify else 0  # each class keeps a group for training
        assert -largest - slack < len(indices) - count <= largest


def test_classes_keep_their_shares_as_far_as_whole_groups_permit():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    groups = Groups.named([f"p{number // 10}" for number in range(1000)])
    for seed in range(3):
        division = divide(labels, "abc", 0.1, 0.2, Drawing(True, seed, groups))
        assert np.bincount(labels[division.test]).tolist() == [120, 60, 20]
        assert np.bincount(labels[division.validation]).tolist() == [60, 30, 10]


def test_patients_with_images_of_both_classes_keep_the_shares_within_a_few_images():
    random = np.random.default_rng(0)
    labels = np.concatenate([random.binomial(1, share, 20) for share in random.uniform(0, 1, 50)])
    groups = Groups.named([f"p{number // 20}" for number in range(1000)])
    test = drawn_groups(labels, groups, 200, stratify=True, seed=0)
    assert abs(len(test) - 200) < 20
    assert abs(labels[test].mean() - labels.mean()) < 0.05


def test_the_seed_decides_which_groups():
    labels, groups = np.arange(400) % 2, Groups.named([f"v{number // 4}" for number in range(400)])
    first, again, other = (validation_indices(labels, 0.2, Drawing(True, seed, groups), "ab") for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_stratification_the_last_groups_are_taken():
    groups = Groups.named([f"v{number // 5}" for number in range(20)])
    assert drawn_groups(np.arange(20) % 2, groups, 5, stratify=False, seed=0).tolist() == [15, 16, 17, 18, 19]


def test_a_class_of_two_groups_is_in_training_and_test():
    labels = np.repeat([0, 1], [80, 20])
    groups = Groups.named([f"a{number // 10}" for number in range(80)] + ["x"] * 10 + ["y"] * 10)
    division = divide(labels, "ab", 0.1, 0.2, Drawing(True, 0, groups))
    assert [1 in labels[part] for part in (division.train, division.validation, division.test)] == [True, False, True]


@pytest.mark.parametrize(
    ("groups", "words", "hint"),
    [
        (["a"] * 100, "the images are in 1 group, such as 'a'; at least 3 are needed", "smaller groups"),
        (["a"] * 50 + ["b"] * 50, "in 2 groups, such as 'a'; at least 3 are needed, for test and training", "group"),
        (["a"] * 97 + ["b", "c", "d"], "the group 'a' has 97 of 100 images: 2 remain for test in place of 20", "to 2"),
    ],
)
def test_groups_that_cannot_be_divided_are_named(groups, words, hint):
    with pytest.raises(DataError, match=words) as caught:
        divide(np.arange(100) % 2, "ab", 0.1, 0.2, Drawing(True, 0, Groups.named(groups)))
    assert hint in caught.value.hint


def test_groups_that_are_the_classes_are_refused():
    labels = np.repeat([0, 1, 2], 20)
    groups = Groups.named(np.repeat(["cat", "dog", "owl"], 20).tolist())
    with pytest.raises(DataError, match="no group can be kept for test: each is the only one with images of its class"):
        divide(labels, "abc", 0.1, 0.2, Drawing(True, 0, groups))


NAMES = ["cat/p1_a.png", "cat/p1_b.png", "dog/p22_a.png"]


def test_a_pattern_finds_the_group_anywhere_in_the_path():
    assert matched_groups(NAMES, r"/p(\d+)_").of_image.tolist() == [0, 0, 1]
    assert matched_groups(NAMES, r"^(\w+)/").names == ("cat", "dog")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"q(\d+)", r"is not found in any of the 3 images, such as 'cat/p1_a.png'"),
        (r"p(\d)_", r"is not found in 1 of the 3 images, such as 'dog/p22_a.png'"),
        (r"p\d+_(b)?", r"is not found in 2 of the 3 images, such as 'cat/p1_a.png'"),  # nothing in the parentheses
    ],
)
def test_an_image_without_a_group_is_named(pattern, words):
    with pytest.raises(DataError, match=words):
        matched_groups(NAMES, pattern)


def test_groups_in_two_splits_are_found_by_name():
    splits = {"train": Groups.named(["a", "b", "b"]), "test": Groups.named(["c", "b"])}
    assert shared_groups(splits) == [("b", "train", "test")]
