"""Folders of images: classes, splits, nesting and links, what is chosen, and what is refused."""

import os

import numpy as np
import pytest
from picture_files import put, tree_hash

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import folder
from cnncli.errors import DataError

READING = InputFormat(4, 4, 1)


def load(root, classes=None, exclude=()):
    return folder.load(root, READING, classes, exclude)


def message(root, classes=None) -> str:
    with pytest.raises(DataError) as caught:
        load(root, classes)
    return f"{caught.value.message} | {caught.value.hint}"


def test_each_folder_is_a_class(tmp_path):
    put(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png")
    before = tree_hash(tmp_path)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert [*data.splits] == ["train"]
    train = data.splits["train"]
    assert train.names == ("cat/1.png", "cat/2.png", "dog/1.png")
    assert train.labels.tolist() == [0, 0, 1]
    assert train.labels.dtype == np.int64
    assert train.read(np.arange(3))[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert tree_hash(tmp_path) == before


def test_people_count_two_before_ten(tmp_path):
    put(tmp_path, "class10/10.png", "class10/9.png", "class2/1.png", "Class1/1.png")
    data = load(tmp_path)
    assert data.class_names == ("Class1", "class2", "class10")
    assert data.splits["train"].names[-2:] == ("class10/9.png", "class10/10.png")


def test_folders_within_a_class_belong_to_it(tmp_path):
    put(tmp_path, "cat/1.png", "cat/indoors/2.png", "cat/indoors/at night/3.png", "dog/deep/1.png")
    train = load(tmp_path).splits["train"]
    assert train.names == ("cat/1.png", "cat/indoors/2.png", "cat/indoors/at night/3.png", "dog/deep/1.png")
    assert train.labels.tolist() == [0, 0, 0, 1]


def test_what_systems_leave_behind_is_no_class(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png", "__MACOSX/cat/1.png", ".git/1.png", "@eaDir/1.png", "lost+found/1.png")
    put(tmp_path, "cat/.ipynb_checkpoints/1.png", "cat/._1.png", "dog/@eaDir/1.png")
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert len(data.splits["train"]) == 2


def test_links_and_loops_of_them(tmp_path):
    put(tmp_path, "elsewhere/1.png", "data/cat/1.png", "data/cat/deep/2.png")
    (tmp_path / "data/dog").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/cat/deep/up").symlink_to(tmp_path / "data/cat")
    (tmp_path / "data/cat/self").symlink_to(tmp_path / "data/cat/self")
    data = load(tmp_path / "data")
    assert data.splits["train"].names == ("cat/1.png", "cat/deep/2.png", "dog/1.png")


def test_two_classes_that_are_one_folder(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "tiger").symlink_to(tmp_path / "cat")
    assert "cat" in message(tmp_path)
    assert "tiger are the same folder" in message(tmp_path)


def test_a_name_that_is_no_text_is_read_all_the_same(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "cat/1.png").rename(tmp_path / "cat" / os.fsdecode(b"\xff\n.png"))
    train = load(tmp_path).splits["train"]
    assert train.read(np.arange(2))[:, 0, 0, 0].tolist() == [1, 2]


def test_a_broken_image_is_found_and_named_when_it_is_read(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "cat/bad.jpg").write_bytes(b"")
    train = load(tmp_path).splits["train"]
    with pytest.raises(DataError, match=r"cat/bad\.jpg is empty"):
        train.read(np.arange(3))
    assert load(tmp_path, exclude=["cat/bad.jpg"]).splits["train"].names == ("cat/1.png", "dog/1.png")


def test_images_beside_class_folders_are_told_of(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    assert load(tmp_path).unused == ()
    put(tmp_path, "a.png", "b.png")
    (one,) = load(tmp_path).unused
    assert (one.reason, one.count) == ("beside-classes", 2)
    assert one.message == f"{tmp_path} has 2 images beside its class folders, not used: a.png, b.png"


def test_files_that_are_no_known_images_are_counted_by_their_suffix(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    for name in ("cat/1.xyz", "cat/deep/2.XYZ", "dog/1.json", "dog/notes", "dog/Thumbs.db", "README.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\1\2")
    (one,) = load(tmp_path).unused
    assert (one.reason, one.count) == ("other-files", 4)
    assert one.message.startswith("4 files in the class folders are not images that cnncli knows, and not used: 2 .xyz")


def test_hidden_and_excluded_images_are_counted(tmp_path):
    put(tmp_path, "cat/1.png", "cat/2.png", "dog/1.png", "dog/3.png", "cat/.3.png", "cat/._1.png", "cat/.DS_Store")
    data = load(tmp_path, exclude=["cat/2.png", "dog/3.png"])
    assert {one.reason: one.count for one in data.unused} == {"excluded": 2, "hidden": 1}
    assert [one.message for one in data.unused] == [
        "2 images are left out by data.exclude",
        "1 hidden image is not used: cat/.3.png",
    ]


@pytest.mark.parametrize("layout", ["", "train/"])
def test_images_in_hidden_folders_are_counted_wherever_they_are(tmp_path, layout):
    put(tmp_path, f"{layout}cat/1.png", f"{layout}dog/1.png", ".git/objects/ab/1", ".thumbs/._1.png", "._cat/2.txt")
    hidden = [".thumbs/1.png", f"{layout}.trash/cat/2.JPG", f"{layout}@eaDir/1.png", f"{layout}dog/.old/deep/3.png"]
    put(tmp_path, *hidden)
    (one,) = load(tmp_path).unused
    assert (one.reason, one.count) == ("hidden", 4)
    assert sorted(one.message.partition("used: ")[2].split(", ")) == sorted(hidden)


def test_class_folders_that_are_not_chosen_are_counted(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "train/owl/1.png", "train/owl/2.png", "test/yak/1.png")
    put(tmp_path, "test/cat/1.png")
    (one,) = load(tmp_path, ["cat", "dog"]).unused
    assert (one.reason, one.count) == ("other-classes", 3)
    assert one.message == "3 images of 2 classes that data.classes leaves out are not used: owl, yak"


# ---------------------------------------------------------------- classes


def test_classes_choose_and_order(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png", "owl/1.png")
    (tmp_path / "empty but not chosen").mkdir()
    data = load(tmp_path, ["owl", "cat"])
    assert data.class_names == ("owl", "cat")
    assert data.splits["train"].names == ("owl/1.png", "cat/1.png")
    assert data.splits["train"].labels.tolist() == [0, 1]


def test_a_mapping_renames_and_merges(tmp_path):
    put(tmp_path, "n01/1.png", "n02/1.png", "n03/1.png", "n04/1.png")
    data = load(tmp_path, {"n03": "cat", "n01": "dog", "n02": "cat"})
    assert data.class_names == ("cat", "dog")
    assert data.splits["train"].names == ("n03/1.png", "n01/1.png", "n02/1.png")
    assert data.splits["train"].labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (["cat", "dogg"], "has no class dogg | did you mean dog? it has cat, dog"),
        (["cat", "cat", "dog"], "data.classes has cat more than once"),
        (["cat"], "has only one class, cat; a classifier needs at least two"),
        ({"cat": "pet", "dog": "pet"}, "has only one class, pet"),
        ([], "no class"),
    ],
)
def test_classes_that_cannot_be(tmp_path, classes, words):
    put(tmp_path, "cat/1.png", "dog/1.png")
    assert words in message(tmp_path, classes)


# ---------------------------------------------------------------- splits


@pytest.mark.parametrize(
    "names",
    [("train", "validation", "test"), ("Training", "val", "TEST"), ("train", "valid", "testing")],
)
def test_folders_of_splits_are_recognised(tmp_path, names):
    for start, split in enumerate(names):
        put(tmp_path / split, "cat/1.png", "dog/1.png", start=10 * start)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert [*data.splits] == ["train", "validation", "test"]
    test = data.splits["test"]
    assert test.names == (f"{names[2]}/cat/1.png", f"{names[2]}/dog/1.png")
    assert test.read(np.arange(2))[:, 0, 0, 0].tolist() == [20, 21]


def test_images_beside_the_class_folders_of_a_split_are_told_of(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/1.png", "test/a.png")
    (one,) = load(tmp_path).unused
    assert one.message == f"{tmp_path}/test has 1 image beside its class folders, not used: a.png"


def test_training_alone_may_have_a_folder_of_its_own(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png")
    assert [*load(tmp_path).splits] == ["train"]


def test_chosen_classes_hold_in_every_split(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "train/owl/1.png", "test/dog/1.png", "test/owl/1.png")
    data = load(tmp_path, ["owl", "dog"])
    assert data.class_names == ("owl", "dog")
    assert data.splits["test"].names == ("test/owl/1.png", "test/dog/1.png")
    assert data.splits["test"].labels.tolist() == [0, 1]


def test_classes_of_splits_are_compared_by_name(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "train/owl/1.png")
    put(tmp_path, "test/owl/1.png", "test/Dog/1.png", "test/cat/1.png")
    (tmp_path / "test/yak").mkdir()
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog", "owl")
    assert data.foreign == {"test": {"Dog": 1}}
    assert data.splits["test"].names == ("test/cat/1.png", "test/owl/1.png")
    assert data.splits["test"].labels.tolist() == [0, 2]


def test_a_split_that_lacks_a_chosen_class(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/cow/1.png")
    data = load(tmp_path, ["cat", "dog"])
    assert not data.foreign
    assert data.splits["test"].names == ("test/cat/1.png",)
    assert {one.reason: one.count for one in data.unused} == {"other-classes": 1}
    (tmp_path / "test/cat/1.png").unlink()
    assert not len(load(tmp_path, ["cat", "dog"]).splits["test"])  # refused where it is used


def test_a_class_that_training_alone_calls_differently_is_merged_by_a_mapping(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/Dog/1.png")
    data = load(tmp_path, {"cat": "cat", "dog": "dog", "Dog": "dog"})
    assert data.class_names == ("cat", "dog")
    assert data.splits["test"].labels.tolist() == [0, 1]
    assert "no image in the class folder Dog" in message(tmp_path, ["cat", "Dog"])


def test_a_class_may_be_called_train(tmp_path):
    put(tmp_path, "car/1.png", "train/1.png")
    assert load(tmp_path).class_names == ("car", "train")
    put(tmp_path, "train/steam/1.png")
    assert "beside them car" in message(tmp_path)
    assert load(tmp_path, ["car", "train"]).class_names == ("car", "train")


def test_splits_without_class_folders_are_not_taken_for_classes(tmp_path):
    put(tmp_path, "train/cat1.png", "test/2.png")
    assert "training images have no class folders" in message(tmp_path)
    (tmp_path / "train/cat1.png").rename(tmp_path / "cat1.png")
    (tmp_path / "train").rename(tmp_path / "val")
    assert "none to train on" in message(tmp_path)


def test_a_split_that_comes_twice(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "valid/cat/1.png")
    assert "two folders of validation images, val and valid" in message(tmp_path)


def test_training_images_that_are_the_test_images_too(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png")
    (tmp_path / "test").symlink_to(tmp_path / "train")
    assert "are the same folder" in message(tmp_path)


# ---------------------------------------------------------------- refused


def test_images_without_class_folders(tmp_path):
    put(tmp_path, "1.png", "2.png")
    assert f"{tmp_path} has 2 images (1.png, 2.png) and no class folders | expected one folder" in message(tmp_path)


def test_an_empty_folder(tmp_path):
    assert "is empty: no class folders" in message(tmp_path)


def test_every_empty_class_is_named(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "owl").mkdir()
    (tmp_path / "yak/deep").mkdir(parents=True)
    (tmp_path / "yak/notes.txt").write_text("none yet")
    assert "no image in the class folders owl, yak" in message(tmp_path)


def test_the_folder_around_the_right_one(tmp_path):
    put(tmp_path, "pets/cat/1.png", "pets/dog/1.png")
    assert f"did you mean {tmp_path}/pets?" in message(tmp_path)


def test_one_class(tmp_path):
    put(tmp_path, "cat/1.png")
    assert "has only one class, cat; a classifier needs at least two" in message(tmp_path)


def test_no_such_folder_names_the_nearest_there_is(tmp_path):
    put(tmp_path, "pets/cat/1.png")
    said = message(tmp_path / "pets/cats/more")
    assert f"{tmp_path}/pets/cats/more does not exist" in said
    assert f"the nearest folder that exists is {tmp_path}/pets, with cat in it" in said
    assert "is a file, and a folder was expected" in message(tmp_path / "pets/cat/1.png")


def test_a_folder_below_the_home_folder(tmp_path, monkeypatch):
    put(tmp_path, "pets/cat/1.png", "pets/dog/1.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/pets").class_names == ("cat", "dog")


def test_a_class_whose_name_is_no_text_is_refused(tmp_path):
    put(tmp_path, "cat/1.png")
    put(tmp_path, os.fsdecode(b"caf\xe9/1.png"))
    assert message(tmp_path).startswith(r"the name of the class 'caf\udce9' in ")
