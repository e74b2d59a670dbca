"""Size, colour and proportions that suit the images."""

import numpy as np
import pytest

from cnncli.draft.image_format import choose_image_format


def image_format(sizes, grey=None, labels=None, names=("cat", "dog"), training_images=None):
    sizes = np.array(sizes)
    grey = np.zeros(len(sizes), bool) if grey is None else np.array(grey)
    labels = np.arange(len(sizes)) % 2 if labels is None else np.array(labels)
    return choose_image_format(sizes, grey, labels, names, training_images or len(sizes))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(32, 32)] * 10, (32, 32)),  # as they are
        ([(28, 20)] * 10, (28, 20)),
        ([(30, 45), (33, 41), (28, 43)], (32, 40)),
        ([(100, 100)] * 10, (96, 96)),
        ([(70, 75)] * 10, (64, 64)),  # never larger than needed
        ([(480, 640)] * 10, (96, 96)),  # few images
        ([(480, 640)] * 1000, (128, 128)),
        ([(480, 640)] * 20_000, (96, 96)),  # many
        ([(50, 400)] * 10, (32, 256)),  # oblong
        ([(600, 100)] * 10, (224, 32)),
    ],
)
def test_the_size_is_near_that_of_the_images_and_bounded(sizes, expected):
    chosen = image_format(sizes)
    assert (chosen.height, chosen.width) == expected
    assert any("height×width" in reason for reason in chosen.reasons)


def test_only_training_images_teach_detail():
    photographs = [(480, 640)] * 2000
    assert image_format(photographs, training_images=2000).height == 128
    assert image_format(photographs, training_images=50).height == 96  # a large set of test images


def test_proportions_that_differ_are_kept():
    assert image_format([(200, 300), (210, 300), (200, 290)] * 5).resize == "stretch"
    mixed = image_format([(200, 300), (300, 200)] * 5)
    assert mixed.resize == "pad"
    assert "from 0.67 to 1.5" in " ".join(mixed.reasons)


def test_colour_follows_what_is_stored():
    sizes = [(32, 32)] * 20
    assert image_format(sizes).color == "rgb"
    assert image_format(sizes, [True] * 20).color == "grayscale"
    assert image_format(sizes, [True] * 3 + [False] * 17).color == "rgb"
    assert image_format(sizes, [True] * 19 + [False]).color == "grayscale"


def test_a_class_that_is_grey_where_others_are_not_is_told_and_changes_nothing():
    labels = np.repeat(np.arange(102), 20)  # as in CALTECH-101, where one class is of scans
    names = tuple(f"class {number}" for number in range(102))
    chosen = image_format([(96, 96)] * len(labels), labels == 7, labels, names)
    assert chosen.color == "rgb"
    assert "class 7 is grey where other classes are in colour" in " ".join(chosen.reasons)
    half = image_format([(32, 32)] * 20, np.arange(20) % 2 == 0)
    assert half.color == "rgb"
    assert "cat is grey where other classes are in colour" in " ".join(half.reasons)


def test_grey_images_in_all_classes_are_no_reason_to_warn():
    chosen = image_format([(32, 32)] * 20, np.arange(20) % 4 < 2)
    assert chosen.color == "rgb"
    assert "where other classes" not in " ".join(chosen.reasons)
