"""Other labelled images: by the names of a run's classes, whatever the layout, and nothing of them in silence."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnncli.errors import DataError
from cnncli.runner.inputs.data_record import DataRecord

pytestmark = pytest.mark.slow

NAMES = ("red", "green", "blue")
RENAMED = ("warm", "cold")


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "new"


def write(place: Path, *names: str) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 16), "red").save(place / name)


@pytest.fixture
def find(folder_spec):
    """The split, names, labels of what is found, and what was told."""

    def run(on, split=None, *overrides, names=NAMES):
        from cnncli.runner.inputs.other_images import other_images

        told: list[str] = []
        record = DataRecord(names, (16, 16, 3), 0.0, 0.0, (), (), None)
        _, chosen, samples = other_images(on, split, folder_spec(*overrides).data, record, told.append)
        assert samples.read(np.arange(len(samples))).shape[1:] == (16, 16, 3)
        return chosen, list(samples.names), samples.labels.tolist(), told

    return run


@pytest.mark.parametrize("name", ["new.npz", "new.yaml", "new.h5", "new"])
def test_a_file_that_is_no_table_is_refused_with_what_is_taken(find, tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\3\4")
    with pytest.raises(DataError, match="is neither a folder of images nor a table of them") as caught:
        find(tmp_path / name)
    assert caught.value.hint.startswith("expected a folder of images for each class, or a table: .")
    assert ", .csv, " in caught.value.hint


def test_class_folders_are_labelled_by_the_names_of_the_run(find, place):
    write(place, "blue/1.png", "green/2.png", "red/deeper/3.png")
    assert find(place) == ("", ["blue/1.png", "green/2.png", "red/deeper/3.png"], [2, 1, 0], [])


@pytest.mark.parametrize("inside", ["new/", "archive/photos/"])
def test_folders_around_the_class_folders_make_no_difference(find, place, inside):
    write(place, f"{inside}blue/1.png", f"{inside}green/2.png", f"{inside}red/3.png")
    _, names, labels, _ = find(place)
    assert (names[0], labels) == (f"{inside}blue/1.png", [2, 1, 0])


def test_images_outside_class_folders_are_counted(find, place):
    write(place, "1.png", "2.png")
    with pytest.raises(DataError, match="has 2 images and no class folders, so no labels"):
        find(place)


def test_classes_without_images_are_told(find, place):
    write(place, "blue/1.png")
    (place / "green").mkdir()
    (text,) = find(place)[3]
    assert text == f"note: {place} has no images of the classes red, green; macro averages count them as 0"


RENAMING = "data.classes={red: warm, green: cold, blue: cold}"


@pytest.mark.parametrize("folders", [("red", "blue"), ("warm", "cold"), ("warm", "green")])
def test_renamed_classes_are_known_by_both_names(find, place, folders):
    write(place, *(f"{folder}/1.png" for folder in folders))
    _, names, labels, told = find(place, None, RENAMING, names=RENAMED)
    expected = [0 if name.startswith(("red", "warm")) else 1 for name in names]
    assert (labels, told) == (expected, [])


def test_a_name_that_was_given_to_another_class_is_refused(find, place):
    write(place, "red/1.png", "green/1.png")
    with pytest.raises(DataError, match="classes that this run does not know"):
        find(place, None, "data.classes={red: green, green: red}", names=("green", "red"))


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("Blue", r"a class that this run does not know: Blue \(did you mean 'blue'\?\)"),
        ("greens", r"a class that this run does not know: greens \(did you mean 'green'\?\)"),
        ("owl", "a class that this run does not know: owl$"),
    ],
)
def test_a_class_that_the_run_does_not_know_is_refused_with_a_way_out(find, place, folder, told):
    write(place, "red/1.png", f"{folder}/1.png")
    with pytest.raises(DataError) as caught:
        find(place)
    assert re.search(told, caught.value.message)
    assert caught.value.hint == "give them the names of the run's classes, red, green, blue, or move them away"


def test_a_folder_without_images_is_no_class(find, place):
    write(place, "red/1.png")
    (place / "notes").mkdir()
    (place / "notes" / "read.txt").write_text("none")
    assert find(place)[1] == ["red/1.png"]


class TestSplits:
    @pytest.fixture
    def divided(self, place):
        write(place, "train/red/1.png", "seg_test/seg_test/red/2.png", "seg_test/seg_test/blue/3.png")
        (place / "seg_test").rename(place / "test")
        return place

    def test_one_is_to_be_named(self, find, divided):
        with pytest.raises(DataError, match="has the splits train, test") as caught:
            find(divided)
        assert caught.value.hint == "name one with --split"

    def test_the_named_one_is_used(self, find, divided):
        chosen, names, labels, _ = find(divided, "test")
        assert (chosen, names, labels) == ("test", ["test/seg_test/blue/3.png", "test/seg_test/red/2.png"], [2, 0])

    def test_one_that_is_not_there_is_told(self, find, divided):
        with pytest.raises(DataError, match="has no validation images") as caught:
            find(divided, "validation")
        assert caught.value.hint == "it has train, test"

    def test_a_single_one_needs_no_name(self, find, divided):
        shutil.rmtree(divided / "train")
        assert find(divided)[:2] == ("test", ["test/seg_test/blue/3.png", "test/seg_test/red/2.png"])

    def test_where_there_are_none_naming_one_is_refused(self, find, place):
        write(place, "red/1.png")
        with pytest.raises(DataError, match="has no test images") as caught:
            find(place, "test")
        assert caught.value.hint == "it has no splits: leave out --split"

    def test_a_class_may_be_called_like_a_split(self, find, place):
        write(place, "train/1.png", "bus/2.png")
        assert find(place, names=("bus", "train"))[:3] == ("", ["bus/2.png", "train/1.png"], [0, 1])


class TestTable:
    def test_its_rows_are_labelled(self, find, place):
        write(place, "a.png", "b.png")
        (place / "t.csv").write_text("file,class\na.png,blue\nb.png,red\n")
        assert find(place / "t.csv")[:3] == ("", ["a.png", "b.png"], [2, 0])

    def test_splits_are_as_in_a_folder(self, find, place):
        write(place, "a.png", "b.png")
        (place / "t.csv").write_text("file,class,subset\na.png,blue,train\nb.png,red,holdout\n")
        with pytest.raises(DataError, match="has the splits train, test"):
            find(place / "t.csv")
        assert find(place / "t.csv", "test")[:3] == ("test", ["b.png"], [0])

    def test_columns_of_the_run_are_known(self, find, place, table):
        write(place, "a.png")
        (place / "t.csv").write_text("picture;diagnosis\na.png;blue\n")
        source = f"data.source={{csv: {{path: {table}, image_column: picture, label_column: diagnosis}}}}"
        assert find(place / "t.csv", None, source)[:3] == ("", ["a.png"], [2])
        (place / "t.csv").write_text("path,label\na.png,blue\n")
        assert find(place / "t.csv", None, source)[:3] == ("", ["a.png"], [2])

    def test_an_unknown_column_is_told_without_a_key_of_the_spec(self, find, place):
        write(place, "a.png")
        (place / "t.csv").write_text("picture,finding,by\na.png,blue,Ann\n")
        with pytest.raises(DataError, match="no column that is known to hold the label") as caught:
            find(place / "t.csv")
        assert caught.value.hint == "call the columns image, label and, if there are splits, split"

    def test_images_without_a_label_are_told(self, find, place):
        write(place, "a.png", "b.png")
        (place / "t.csv").write_text("path,label\na.png,blue\nb.png,\n")
        assert find(place / "t.csv")[3][0] == "note: 1 image has no label and is not used: b.png"

    def test_numbers_are_named_as_in_the_run(self, find, place, table):
        write(place, "a.png")
        (place / "names.txt").write_text("red\ngreen\nblue\n")
        (place / "t.csv").write_text("path,label\na.png,2\n")
        source = f"data.source={{table: {{path: {table}, names: {place / 'names.txt'}}}}}"
        assert find(place / "t.csv", None, source)[2] == [2]

    def test_what_is_wrong_with_rows_is_told_by_line(self, find, place):
        write(place, "a.png")
        (place / "t.csv").write_text("path,label\na.png,blue\ngone.png,red\na.png,\n,red\n")
        with pytest.raises(DataError, match=r"2 problems\n  line 3: gone.png does not exist\n  line 5: no path"):
            find(place / "t.csv")

    def test_a_single_class_will_do(self, find, place):
        write(place, "a.png")
        (place / "t.csv").write_text("path,label\na.png,blue\n")
        (text,) = find(place / "t.csv")[3]
        assert "no images of the classes red, green" in text


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_nothing_to_measure_is_told(find, place, name):
    (place / "empty").mkdir(parents=True)
    with pytest.raises(DataError, match="does not exist" if name == "missing" else "has no images"):
        find(place / name)
