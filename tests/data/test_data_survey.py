"""What the headers of many images tell, and what is said where nothing can be trained on."""

import numpy as np
import pytest
from picture_files import encoded, put, tree_hash
from PIL import Image

from cnncli.data.quality.survey import survey
from cnncli.draft import draft
from cnncli.errors import DataError


def picture(path, height, width, mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (width, height), 90).save(path, **options)


def refusal(path, columns=None):
    with pytest.raises(DataError) as caught:
        survey(path, columns)
    return f"{caught.value.message} | {caught.value.hint}"


@pytest.fixture
def photos(tmp_path):
    """Two classes; one image lies on its side, one is grey, one lies beside the classes, one is cut off."""
    turned = Image.Exif()
    turned[0x0112] = 6
    root = tmp_path / "photos"
    picture(root / "cat" / "1.jpg", 30, 40)
    picture(root / "cat" / "2.jpg", 30, 40, exif=turned)
    picture(root / "dog" / "1.png", 50, 60, "L")
    picture(root / "dog" / "2.png", 50, 60)
    picture(root / "stray.png", 5, 5)
    (root / "dog" / "3.png").write_bytes(encoded(9)[:30])
    return root


def test_sizes_are_upright_and_what_cannot_be_read_is_named(photos):
    before = tree_hash(photos)
    told = []
    seen = survey(photos, progress=lambda done, total: told.append((done, total)))
    assert (seen.source, seen.arguments, seen.class_names) == ("folder", {"path": str(photos)}, ("cat", "dog"))
    assert seen.sizes.tolist() == [[30, 40], [40, 30], [50, 60], [50, 60]]
    assert seen.grey.tolist() == [False, False, True, False]
    assert seen.formats == {"JPEG": 2, "PNG": 2}
    assert seen.counts().tolist() == [2, 2]
    assert list(seen.unreadable) == ["dog/3.png"]
    assert "is cut off" in seen.unreadable["dog/3.png"]
    assert seen.notices == (f"{photos} has 1 image beside its class folders, not used: stray.png",)
    assert told[-1] == (5, 5)
    assert tree_hash(photos) == before


def test_own_splits_are_kept_apart(tmp_path):
    put(tmp_path, "test/a/1.png", "train/a/1.png", "train/a/2.png", "train/b/1.png", "test/b/1.png")
    seen = survey(tmp_path)
    assert {split: labels.tolist() for split, labels in seen.labels.items()} == {"train": [0, 0, 1], "test": [0, 1]}
    assert seen.all_labels.tolist() == [0, 0, 1, 0, 1]
    assert seen.counts("test").tolist() == [1, 1]


def test_a_table_is_looked_at_with_the_columns_one_names(tmp_path):
    put(tmp_path, "images/1.png", "images/2.png", "images/3.png")
    (tmp_path / "t.csv").write_text("photo;kind;by\n1.png;a;Ann\n2.png;b;Ann\n3.png;a;Bob\n")
    told = refusal(tmp_path / "t.csv")
    assert "names photo, kind, by" in told
    assert "--label-column" in told
    columns = {"image_column": "photo", "label_column": "kind", "root": str(tmp_path / "images")}
    seen = survey(tmp_path / "t.csv", columns)
    assert (seen.source, seen.arguments) == ("table", {"path": str(tmp_path / "t.csv"), **columns})
    assert seen.counts().tolist() == [2, 1]
    assert np.array_equal(seen.sizes, [[4, 4]] * 3)
    (tmp_path / "empty").mkdir()
    assert "--root names another folder" in refusal(tmp_path / "t.csv", {**columns, "root": str(tmp_path / "empty")})


def test_a_heap_of_images_is_refused_with_the_table_that_lies_in_it(tmp_path):
    put(tmp_path, "1.png", "2.png")
    assert "expected one folder of images for each class" in refusal(tmp_path)
    (tmp_path / "labels.csv").write_text("")
    assert f"cnncli init {tmp_path / 'labels.csv'}" in refusal(tmp_path)


def test_what_can_be_no_data_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "is empty" in refusal(tmp_path / "empty")
    assert "does not exist" in refusal(tmp_path / "nowhere")
    (tmp_path / "x.json").write_text("{}")
    assert "is JSON, and not a table" in refusal(tmp_path / "x.json")
    (tmp_path / "x.pdf").write_text("{}")
    assert "is a document" in refusal(tmp_path / "x.pdf")
    (tmp_path / "x.odd").write_text("{}")
    assert "neither a folder of images nor a table" in refusal(tmp_path / "x.odd")
    put(tmp_path, "one/cat/1.png", "gap/cat/1.png", "gap/dog/1.png")
    assert "has only one class, cat" in refusal(tmp_path / "one")
    assert "--root applies to tables only" in refusal(tmp_path / "one", {"root": "."})
    (tmp_path / "gap" / "cow").mkdir()
    told = refusal(tmp_path / "gap")
    assert "no image in the class folder cow" in told
    assert "data.classes" not in told  # there is no spec yet to write it into


def test_when_most_cannot_be_read_the_first_are_listed(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png")
    for number in range(3):
        (tmp_path / "a" / f"{number}.hdr").write_bytes(b"#?RADIANCE\n")
    told = refusal(tmp_path)
    assert "3 of the 5 images" in told
    assert "a/0.hdr is a Radiance image" in told


def test_a_class_with_nothing_but_broken_files_is_refused(tmp_path):
    put(tmp_path, "a/1.png", "a/2.png", "b/1.png")
    (tmp_path / "b" / "1.png").write_bytes(b"")
    assert "no image in the class folder b" in refusal(tmp_path)


@pytest.mark.parametrize("stacked", [8, 3])
def test_of_files_with_several_pages_the_middle_one_is_chosen(tmp_path, stacked):
    for number in range(8):
        file = tmp_path / "ab"[number % 2] / f"{number}.tif"
        file.parent.mkdir(exist_ok=True)
        pages = [Image.new("L", (8, 8), 40 * page) for page in range(3)]
        pages[0].save(file, save_all=True, append_images=pages[1:] if number < stacked else [])
    seen = survey(tmp_path)
    assert (seen.stacks, seen.unreadable, len(seen.sizes)) == (stacked, {}, 8)
    text = draft(seen, "a.yaml")
    assert f"{stacked} files hold several pages or frames" in " ".join(line.strip(" #") for line in text.splitlines())
    assert "frame: middle" in text


def test_a_column_that_divides_the_images_is_told_once(tmp_path):
    put(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png")
    rows = ["file,label,set", "a/1.png,a,train", "a/2.png,a,test", "b/1.png,b,train", "b/2.png,b,test"]
    (tmp_path / "all.csv").write_text("\n".join(rows))
    images = survey(tmp_path / "all.csv")
    assert [*images.labels] == ["train", "test"]
    assert [notice.partition(": ")[2].partition(",")[0] for notice in images.notices] == [
        "the column 'set' names the splits"
    ]


def test_what_a_spec_leaves_out_or_cannot_measure_is_told(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "train/Dog/2.png", "val/cat/1.png", "val/wolf/1.png")
    put(tmp_path, "test/1.png", "test/2.png")
    seen = survey(tmp_path)
    assert seen.foreign == {"validation": {"wolf": 1}}
    (unlabelled, foreign, lacking, similar) = seen.notices
    assert f"{tmp_path}/test has 2 images and no class folders, so no labels: not used" in unlabelled
    assert foreign == "1 validation image of the class wolf is not used: the training images lack it"
    assert lacking.startswith("the validation images lack the classes")
    assert similar.startswith("classes have similar names: 'Dog' and 'dog'")
