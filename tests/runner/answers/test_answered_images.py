"""Which images are asked for, under which names, and in which shard."""

import hashlib
import io
import json
import os

import numpy as np
import pytest
from PIL import Image

from cnncli.errors import DataError
from cnncli.runner.answers.images import list_images
from cnncli.runner.predict import as_list, named_images


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("x10.png", "x9.png", "b/2.jpg", "b/deep/1.png", "a/1.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def names(*inputs, column=None, notice=pytest.fail):
    images = list_images(inputs, column, notice)
    assert all(images.path(at).is_file() for at in range(len(images)))
    return [images.name(at) for at in range(len(images))]


def test_a_folder_and_a_pattern_name_images_from_there_on(folder):
    everything = ["x9.png", "x10.png", "a/1.png", "b/2.jpg", "b/deep/1.png"]
    assert names(folder) == names("photos") == names("photos/") == everything
    assert names("photos/**/*.png") == ["a/1.png", "b/deep/1.png", "x10.png", "x9.png"]
    assert names(f"{folder}/b*/*.jpg") == ["b/2.jpg"]
    assert sorted(names("photos/*")) == sorted([*everything, "notes.txt"])
    assert sorted(names("photos/**")) == sorted([*everything, "notes.txt"])
    assert names("photo[s]/x9.png") == ["photos/x9.png"]
    os.rename("photos/x9.png", "photos/x[9].png")  # noqa: PTH104
    assert names("photos/x[9].png") == ["photos/x[9].png"]


def test_a_single_path_that_is_not_there_is_told_before_anything_is_written(folder):
    with pytest.raises(DataError, match="phots does not exist") as told:
        list_images(["phots"], None, pytest.fail)
    assert "photos" in told.value.hint
    images = list_images(["phots", "photos/x9.png"], None, pytest.fail)
    assert [images.name(at) for at in range(len(images))] == ["phots", "photos/x9.png"]  # answered as unreadable


def test_several_are_named_as_they_are_written(folder):
    assert names("photos/b", "photos/x9.png") == ["photos/b/2.jpg", "photos/b/deep/1.png", "photos/x9.png"]
    assert names("photos/x9.png") == ["photos/x9.png"]
    assert names("./photos/x9.png", "./photos/a") == ["./photos/x9.png", "photos/a/1.png"]  # as `find .` writes them
    for place in ("a", "b"):
        (folder / place / "t.csv").write_text("path\n1.png\n")
    Image.new("RGB", (4, 4)).save(folder / "b" / "1.png")
    assert names("photos/a/t.csv", "photos/b/t.csv") == ["photos/a/1.png", "photos/b/1.png"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0"])
def test_a_list_has_a_path_on_each_line(folder, end):
    written = end.join([b"photos/x9.png", b"photos/b", b""])
    assert names(io.BytesIO(written)) == ["photos/x9.png", "photos/b/2.jpg", "photos/b/deep/1.png"]
    with pytest.raises(DataError, match="is empty"):
        names(io.BytesIO())
    with pytest.raises(DataError, match="expected a list of paths, got a PNG"):
        names(io.BytesIO((folder / "x9.png").read_bytes()))


def test_a_table_need_have_no_labels(folder):
    (folder / "t.csv").write_text("path,age\nx9.png,3\nb/2.jpg,4\n")
    assert names("photos/t.csv") == ["x9.png", "b/2.jpg"]
    (folder / "t.jsonl").write_text('{"image": "b/2.jpg"}\n{"image": "a/1.png"}\n')
    assert names("photos/t.jsonl") == ["b/2.jpg", "a/1.png"]
    (folder / "t.txt").write_text("x9.png\nx10.png\n")
    told = []
    assert names("photos/t.txt", notice=told.append) == ["x9.png", "x10.png"]
    (folder / "two.csv").write_text("left,right\nx9.png,a/1.png\n")
    with pytest.raises(DataError, match="no column that is known to hold the image") as caught:
        names("photos/two.csv")
    assert "--image-column" in caught.value.hint
    assert names("photos/two.csv", column="right") == ["a/1.png"]
    (folder / "t.csv").write_text("path,age\nx9.png,3\n,4\n")
    with pytest.raises(DataError, match="line 3 has no path"):
        names("photos/t.csv")


def test_a_table_of_parquet_may_have_the_images_inside(folder, tmp_path, monkeypatch):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    content = (folder / "x9.png").read_bytes()
    pq.write_table(pa.table({"image": [{"bytes": content, "path": "x9.png"}]}), tmp_path / "t.parquet")
    assert names("t.parquet", notice=str) == ["1-x9.png"]
    pq.write_table(pa.table({"path": ["photos/x9.png"]}), tmp_path / "t.parquet")
    assert names("t.parquet") == ["photos/x9.png"]


def test_an_image_that_is_listed_twice_is_there_once(folder):
    told = []
    assert names("photos/b", "photos/b/2.jpg", notice=told.append) == ["photos/b/2.jpg", "photos/b/deep/1.png"]
    assert told == ["1 image listed more than once, and answered once: photos/b/2.jpg"]


def test_where_there_are_no_images_it_says_so(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for nothing in ("empty", "photos/*.gif"):
        with pytest.raises(DataError, match="there are no images in"):
            names(nothing)


def test_shards_divide_the_images_by_a_hash_that_anybody_can_compute(folder):
    images = list_images([folder], None, pytest.fail)
    for at in range(len(images)):
        number = int(hashlib.sha256(images.name(at).encode()).hexdigest()[:16], 16) % 3
        assert [at in images.in_shard(shard, 3) for shard in (1, 2, 3)] == [number == 0, number == 1, number == 2]
    together = np.concatenate([images.in_shard(number, 7) for number in range(1, 8)])
    assert sorted(together.tolist()) == list(range(len(images)))
    joined = "".join(f"{images.name(at)}\0" for at in range(len(images)))
    assert images.digest == hashlib.sha256(joined.encode()).hexdigest()


def test_a_name_that_is_no_text_is_found_again(tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff\n.png"
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    os.rename(tmp_path / "a.png", odd)  # noqa: PTH104
    assert [os.fsencode(name) for name in names(tmp_path)] == [b"\xff\n.png"]
    assert json.dumps(names(tmp_path))


def test_a_pattern_is_one_without_a_file_as_well(folder):
    images = named_images(["photos/x*.png", "photos/b/*", "photos/*.gif"])
    found = ["photos/x10.png", "photos/x9.png", "photos/b/2.jpg", "photos/b/deep/1.png", "photos/*.gif"]
    assert [image.name for image in images] == found


@pytest.mark.parametrize("image", [None, 5])
def test_what_is_no_image_is_told_what_is_expected(image):
    with pytest.raises(TypeError, match=f"expected an image or several, .*; got {image}"):
        as_list(image)
