"""Class names compared by name, between splits and between a run and its data today."""

import numpy as np
import pytest

from cnncli.data.names.classes import require_images, require_same_classes, with_classes
from cnncli.data.samples import ImageData, Samples
from cnncli.errors import DataError


def test_the_same_names_in_any_order_are_the_same():
    require_same_classes(("cat", "dog"), ("dog", "cat"), "the data")


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (("cat",), "the data lacks the classes dog, owl"),
        (("cat", "dog", "owl", "yak"), "the data has the class yak, which the training data lacks"),
        (
            ("cat", "dog", "Owl"),
            "the data lacks the class owl and has the class Owl, which the training data lacks",
        ),
    ],
)
def test_what_differs_is_named(found, message):
    with pytest.raises(DataError) as caught:
        require_same_classes(("cat", "dog", "owl"), found, "the data")
    assert caught.value.message == message


def data() -> ImageData[Samples]:
    images = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
    return ImageData(("cat", "dog", "owl"), {"train": Samples.numbered(images, np.array([0, 1, 2, 2, 1, 0]))})


def test_chosen_classes_take_their_images_with_them():
    chosen = with_classes(data(), ["owl", "cat"], "the data")
    assert chosen.class_names == ("owl", "cat")
    train = chosen.splits["train"]
    assert train.labels.tolist() == [1, 0, 0, 1]
    assert train.names == ("0", "2", "3", "5")
    assert train.images[:, 0, 0, 0].tolist() == [0, 2, 3, 5]


def test_merged_classes_are_one():
    merged = with_classes(data(), {"owl": "bird", "cat": "pet", "dog": "pet"}, "the data")
    assert merged.class_names == ("bird", "pet")
    assert merged.splits["train"].labels.tolist() == [1, 1, 0, 0, 1, 1]


def test_all_in_another_order_are_not_copied():
    whole = data()
    turned = with_classes(whole, ["owl", "dog", "cat"], "the data")
    assert turned.splits["train"].labels.tolist() == [2, 1, 0, 0, 1, 2]
    assert turned.splits["train"].images is whole.splits["train"].images


def test_a_split_without_images_of_the_classes_is_refused():
    require_images(("cat", "dog"), {"train": 2, "test": 1}, "pets")
    with pytest.raises(DataError, match="pets: no test image is of a class of the training images: cat, dog"):
        require_images(("cat", "dog"), {"train": 2, "test": 0}, "pets")
