"""Folders that hold splits, folds, wrappers or images without labels: recognised, or named as what they look like."""

import pytest
from picture_files import put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import scan_files
from cnncli.data.sources import folder
from cnncli.errors import DataError

READING = InputFormat(4, 4, 1)


def fill(root, *places):
    """A picture of a cat and one of a dog in each place."""
    for number, place in enumerate(places):
        put(root / place, "cat/1.png", "dog/1.png", start=10 * number)


def load(root, classes=None, **options):
    return folder.load(root, READING, classes, **options)


def message(root, classes=None, **options) -> str:
    with pytest.raises(DataError) as caught:
        load(root, classes, **options)
    return f"{caught.value.message} | {caught.value.hint}"


def unused(data) -> dict[str, int]:
    return {one.reason: one.count for one in data.unused}


@pytest.mark.parametrize(
    "names",
    [
        ("training_set", "test_set"),
        ("Train", "Eval", "Valid"),
        ("train_images", "test_images"),
        ("images_train", "images_val", "images_test"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train/images", "dev/Images"),
        ("TRAIN", "holdout"),
    ],
)
def test_splits_under_their_usual_names(tmp_path, names):
    fill(tmp_path, *names)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert len(data.splits) == len(names)
    assert data.splits["train"].names == (f"{names[0]}/cat/1.png", f"{names[0]}/dog/1.png")
    assert not data.unused
    assert set(scan_files("folder", tmp_path).counts) == set(data.splits)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("fold0", "fold1", "fold2"), "look like the folds of a cross-validation of the classes cat, dog"),
        (("1", "2"), "look like the folds"),
        (("camera", "phone"), "look like splits of the classes cat, dog, not like classes"),
        (("first/first", "second/second"), "look like splits"),
    ],
)
def test_folders_that_hold_the_same_folders_are_not_taken_for_classes(tmp_path, names, words):
    fill(tmp_path, *names)
    said = message(tmp_path)
    assert words in said
    first, last = names[0].split("/")[0], names[-1].split("/")[0]
    assert f"{first}: train" in said
    assert f"{last}: test}}" in said
    assert f"data.classes: [{first}, " in said
    assert scan_files("folder", tmp_path).is_wrong
    tops = [name.split("/")[0] for name in names]
    assert load(tmp_path, tops).class_names == tuple(tops)


def test_most_in_common_is_enough(tmp_path):
    fill(tmp_path, "camera", "phone")
    put(tmp_path, "camera/owl/1.png", "phone/notes/1.png", "scans/1.png")
    assert "camera, phone" in message(tmp_path)


def test_classes_whose_folders_are_called_differently_stay_classes(tmp_path):
    put(tmp_path, "cat/indoors/1.png", "cat/garden/1.png", "dog/street/1.png", "dog/garden/1.png")
    assert load(tmp_path).class_names == ("cat", "dog")


def test_splits_within_the_classes_are_not_mixed(tmp_path):
    put(tmp_path, "cat/train/1.png", "cat/test/1.png", "dog/train/1.png", "dog/test/1.png")
    said = message(tmp_path)
    assert "the splits are within the classes" in said
    assert f"{tmp_path}/test/cat" in said
    assert len(load(tmp_path, ["cat", "dog"]).splits["train"]) == 4


@pytest.mark.parametrize("folds", [("fold0", "fold1"), ("fold_1", "fold_2", "fold_3"), ("cv1", "cv2")])
def test_folds_that_are_divided_themselves_are_one_division_each(tmp_path, folds):
    put(tmp_path, *(f"{fold}/{part}/{name}/1.png" for fold in folds for part in ("train", "test") for name in "ab"))
    said = message(tmp_path)
    assert f"did you mean {tmp_path / folds[0]}?" in said
    assert "within the classes" not in said


def test_numbers_that_are_divided_themselves_may_be_classes(tmp_path):
    put(tmp_path, *(f"{digit}/{part}/1.png" for digit in "12" for part in ("train", "test")))
    assert "within the classes" in message(tmp_path)


def test_which_folder_is_which_may_be_said(tmp_path):
    fill(tmp_path, "fold0", "fold1", "fold2", "archive/extra")
    put(tmp_path, "notes/1.png")
    folds = {"fold2": "train", "fold1": "validation", "fold0": "train", "archive/extra": "test"}
    data = load(tmp_path, split_folders=folds)
    assert [*data.splits] == ["train", "validation", "test"]
    assert data.splits["train"].names == tuple(f"fold{n}/{name}/1.png" for name in ("cat", "dog") for n in (2, 0))
    assert data.splits["train"].labels.tolist() == [0, 0, 1, 1]
    assert unused(data) == {"other-folders": 1}
    assert scan_files("folder", tmp_path, split_folders=folds).counts["train"] == {"cat": 2, "dog": 2}


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        ({"fold9": "train"}, "has no folder 'fold9'; did you mean 'fold0'?"),
        ({"fold0": "train", "flat": "test"}, "has no class folders"),
    ],
)
def test_what_is_said_must_be_there(tmp_path, folds, words):
    fill(tmp_path, "fold0", "fold1")
    put(tmp_path, "flat/1.png")
    assert words in message(tmp_path, split_folders=folds)


@pytest.mark.parametrize("flat", ["test", "test/test", "test/unknown", "test/0", "seg_pred", "unlabelled/deep"])
def test_images_without_labels_are_told_of_and_not_used(tmp_path, flat):
    fill(tmp_path, "train", "val")
    put(tmp_path, f"{flat}/1.png", f"{flat}/2.png")
    data = load(tmp_path)
    assert [*data.splits] == ["train", "validation"]
    assert unused(data) == {"without-labels": 2}
    top = flat.split("/")[0]
    assert f"{tmp_path / top} has 2 images and no class folders, so no labels: not used" in data.unused[0].message
    assert f"cnncli predict {tmp_path / top}" in data.unused[0].message
    report = scan_files("folder", tmp_path)
    assert [one.affected[0].names for one in report.findings if one.code == "unused-folder"] == [(top,)]


def test_a_single_folder_of_another_class_is_not_taken_for_images_without_labels(tmp_path):
    fill(tmp_path, "train")
    put(tmp_path, "test/wolf/1.png")
    assert load(tmp_path).foreign == {"test": {"wolf": 1}}


def test_an_empty_split_is_an_error(tmp_path):
    fill(tmp_path, "train")
    (tmp_path / "test").mkdir()
    assert f"{tmp_path}/test is empty" in message(tmp_path)


def test_folders_without_images_beside_splits_do_no_harm(tmp_path):
    fill(tmp_path, "train", "test")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/1.xml").write_text("<a/>")
    assert [*load(tmp_path).splits] == ["train", "test"]


def test_what_else_lies_beside_splits_is_named_with_every_way_out(tmp_path):
    fill(tmp_path, "train", "eval")
    said = message(tmp_path)
    assert "has the splits train and beside them eval" in said
    assert "data.split.folder" in said
    assert "data.classes" in said


def test_the_right_folder_within_several_wrappers_is_proposed(tmp_path):
    fill(tmp_path, "archive/dataset/train", "archive/dataset/test")
    put(tmp_path, "__MACOSX/archive/1.png")
    assert f"did you mean {tmp_path}/archive/dataset?" in message(tmp_path)
    assert f"did you mean {tmp_path}/archive/dataset?" in message(tmp_path, ["cat", "dog"])
