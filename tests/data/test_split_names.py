"""What splits are called, and what only looks like it."""

import pytest
from cases import each

from cnncli.data.names.split_names import is_fold, is_without_labels, split_of, splits_named


@each(
    "train, validation, test",
    [
        ("train", "val", "test"),
        ("Training", "VALID", "Testing"),
        ("training_set", "validation-set", "test set"),
        ("train_images", "val_images", "test_images"),
        ("images_train", "images_dev", "images_holdout"),
        ("TrainData", "ValData", "TestData"),
        ("trainset", "valset", "testset"),
        ("seg_train", "seg_val", "seg_test"),
        ("train2017", "val2017", "test2017"),
        ("1_train", "2_validate", "3_hold-out"),
        ("TRAIN", "Dev", "Held Out"),
        ("train", "eval", "test"),
        ("Train", "Valid", "Eval"),
        ("flowers.train", "flowers.development", "flowers.testing"),
    ],
)
def test_usual_names_of_splits(train, validation, test):
    assert splits_named([test, train, validation]) == {train: "train", validation: "validation", test: "test"}


@pytest.mark.parametrize(
    "names",
    [
        ["steam train", "bullet train"],
        ["train_station", "test_tube"],
        ["cat", "trainer"],
        ["attest", "validity"],
        ["train test", "test train"],
        ["fold0", "fold1"],
        ["", "_", "0"],
    ],
)
def test_other_names_are_no_splits(names):
    assert splits_named(names) == {}


def test_what_may_be_either_is_neither():
    assert splits_named(["train", "eval"]) == {"train": "train"}
    assert split_of("eval") is None


def test_two_folders_of_one_split_are_both_named():
    assert splits_named(["train1", "train2", "test"]) == {"train1": "train", "train2": "train", "test": "test"}


def test_a_name_alone():
    assert split_of("Training_Set") == "train"
    assert split_of("seg_train") is None


@pytest.mark.parametrize("name", ["fold0", "Fold_1", "k-fold 3", "cv2", "part-07", "3", "split_2"])
def test_folds(name):
    assert is_fold(name)
    assert not is_fold("cat")
    assert not is_fold("manifold")


@pytest.mark.parametrize("name", ["seg_pred", "unlabelled", "Unlabeled images", "prediction"])
def test_names_of_images_without_labels(name):
    assert is_without_labels(name)
    assert not is_without_labels("predator")


def test_of_the_tests_of_a_competition_the_public_one_validates():
    names = ["Training", "PublicTest", "PrivateTest"]
    assert splits_named(names) == {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
    assert splits_named(["train", "public_test"]) == {"train": "train"}
