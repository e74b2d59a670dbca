"""Images inside of a table: bytes in Parquet, numbers in cells. They become files in the cache, once."""

import base64
import gzip
import json
import shutil

import numpy as np
import pytest
from picture_files import encoded, put

from cnncli.data.cache_room import decoded_cache_dir
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import inventory_of, table
from cnncli.errors import DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

READING = InputFormat(4, 4, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))


def hugging_face(file, brightness, labels, names=("cat", "dog")):
    """A file as Hugging Face Datasets writes it: images as bytes and path, labels as numbers, names in the metadata."""
    features = {"image": {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
    images = [{"bytes": encoded(each), "path": f"{each}.png"} for each in brightness]
    kind = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pydict({"image": images, "label": labels}, kind), file)


def pixels(data, split="train"):
    samples = data.splits[split]
    return samples.read(np.arange(len(samples)))[:, 0, 0, 0].tolist()


def test_hugging_face_parquet(tmp_path):
    hugging_face(tmp_path / "a.parquet", [10, 20, 30], [0, 1, 0])
    told = []
    data = table.load(tmp_path / "a.parquet", READING, notice=told.append)
    assert data.class_names == ("cat", "dog")
    assert data.splits["train"].names == ("1-10.png", "2-20.png", "3-30.png")
    assert (pixels(data), data.splits["train"].labels.tolist()) == ([10, 20, 30], [0, 1, 0])
    assert len(told) == 1
    table.load(tmp_path / "a.parquet", READING, notice=told.append)
    assert len(told) == 1
    assert table.files_root(tmp_path / "a.parquet") == data.splits["train"].root
    assert [entry.label for entry in inventory_of("table", {"path": tmp_path / "a.parquet"}).entries] == [
        "cat",
        "dog",
        "cat",
    ]


def test_parquet_files_of_splits_are_one_table(tmp_path):
    hugging_face(tmp_path / "data/train-00000-of-00002.parquet", [10, 20], [0, 1])
    hugging_face(tmp_path / "data/train-00001-of-00002.parquet", [30], [1])
    hugging_face(tmp_path / "data/test-00000-of-00001.parquet", [40], [1])
    data = table.load(tmp_path / "data", READING)
    assert (pixels(data), pixels(data, "test")) == ([10, 20, 30], [40])


def test_a_file_that_changes_is_unpacked_again(tmp_path):
    file = tmp_path / "a.parquet"
    hugging_face(file, [10, 20], [0, 1])
    old = table.load(file, READING).splits["train"].root
    hugging_face(file, [30, 40], [0, 1])
    assert pixels(table.load(file, READING)) == [30, 40]
    assert not old.exists()


def test_parquet_of_paths_and_words(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    pq.write_table(pa.table({"path": ["cat/1.png", "dog/1.png"], "label": ["cat", "dog"]}), tmp_path / "a.parquet")
    data = table.load(tmp_path / "a.parquet", READING)
    assert data.splits["train"].names == ("cat/1.png", "dog/1.png")
    assert not (decoded_cache_dir() / "unpacked").exists()


def test_an_image_that_is_null_is_named(tmp_path):
    content = [
        {"bytes": encoded(10), "path": None},
        {"bytes": None, "path": None},
        {"bytes": encoded(20), "path": "a/b.png"},
    ]
    pq.write_table(pa.table({"image": content, "label": ["a", "a", "b"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="row 2: no path of an image"):
        table.load(tmp_path / "a.parquet", READING)


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"path,label\n"])
def test_what_is_no_parquet(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        table.load(tmp_path / "a.parquet", READING)


def numbers(value, count=16):
    return " ".join([str(value)] * count)


def test_pixels_in_a_cell(tmp_path):
    rows = [
        f"0,{numbers(10)},Training",
        f"1,{numbers(20)},Training",
        f"1,{numbers(30)},PublicTest",
        f"0,{numbers(40)},PrivateTest",
    ]
    (tmp_path / "fer.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]))
    data = table.load(tmp_path / "fer.csv", READING)
    assert [(split, pixels(data, split)) for split in data.splits] == [
        ("train", [10, 20]),
        ("validation", [30]),
        ("test", [40]),
    ]
    assert table.files_root(tmp_path / "fer.csv") == data.splits["train"].root


@pytest.mark.parametrize(("count", "header"), [(16, "pixel{}"), (16, "{}x1"), (48, "pixel{}")])
def test_pixels_in_columns(tmp_path, count, header):
    columns = ",".join(header.format(number) for number in range(count))
    rows = [f"{label},{','.join([str(value)] * count)}" for label, value in ((7, 10), (9, 20), (7, 30))]
    (tmp_path / "digits.csv").write_text("\n".join([f"label,{columns}", *rows]))
    data = table.load(tmp_path / "digits.csv", READING)
    assert (data.class_names, pixels(data)) == (("7", "9"), [10, 20, 30])


@pytest.mark.parametrize("cells", [numbers(300), numbers(3, 15)])
def test_pixels_that_make_no_image_are_refused(tmp_path, cells):
    (tmp_path / "fer.csv").write_text(f"label,pixels\n0,{numbers(10)}\n1,{cells}\n")
    with pytest.raises(DataError, match=r"image 2 has (pixels from 300|15 numbers)"):
        table.load(tmp_path / "fer.csv", READING)


def test_each_file_has_its_own_names_of_the_numbers(tmp_path):
    hugging_face(tmp_path / "in/train-0.parquet", [10, 20], [0, 1])
    hugging_face(tmp_path / "in/train-1.parquet", [30, 40], [0, 1], ("dog", "cat"))
    data = table.load(tmp_path / "in", READING)
    assert [data.class_names[label] for label in data.splits["train"].labels] == ["cat", "dog", "dog", "cat"]


@pytest.mark.parametrize("start", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_images_in_base64(tmp_path, name, start):
    rows = [(start + base64.b64encode(encoded(grey)).decode(), label) for grey, label in ((10, "a"), (20, "b"))]
    lines = ["picture,label", *(f'"{image}",{label}' for image, label in rows)]
    if name == "a.jsonl":
        lines = [json.dumps({"picture": image, "label": label}) for image, label in rows]
    (tmp_path / name).write_text("\n".join(lines))
    data = table.load(tmp_path / name, READING)
    assert (pixels(data), data.splits["train"].labels.tolist()) == ([10, 20], [0, 1])


def test_an_image_in_base64_that_is_lacking_is_named(tmp_path):
    image = base64.b64encode(encoded(10)).decode()
    (tmp_path / "a.csv").write_text(f"image,label\n{image},a\n,b\nowl.png,b\n{image},b\n")
    with pytest.raises(DataError, match="line 3: no path of an image\n  line 4: no path of an image"):
        table.load(tmp_path / "a.csv", READING)


def test_images_in_base64_in_the_tables_of_splits(tmp_path):
    for split, greys in (("train", (10, 20)), ("test", (30, 40))):
        noise = [np.random.default_rng(grey).integers(0, 9, (20, 20), np.uint8) + np.uint8(grey) for grey in greys]
        rows = [f"{base64.b64encode(encoded(each)).decode()},{label}" for each, label in zip(noise, "ab", strict=True)]
        (tmp_path / f"{split}.csv").write_text("\n".join(["image,label", *rows]))
    data = table.load(tmp_path, READING)
    assert {split: samples.labels.tolist() for split, samples in data.splits.items()} == {
        "train": [0, 1],
        "test": [0, 1],
    }
    assert [pixel // 10 for pixel in pixels(data, "test")] == [3, 4]


@pytest.mark.parametrize("kind", ["pixels", "base64", "gzipped"])
def test_images_inside_a_table_are_found_again_when_the_cache_is_empty(tmp_path, kind):
    cells = [
        base64.b64encode(encoded(grey)).decode() if kind == "base64" else " ".join([str(grey)] * 16) for grey in (1, 2)
    ]
    text = "\n".join(["image,label", *(f"{cell},{label}" for cell, label in zip(cells, "ab", strict=True))])
    file = tmp_path / ("a.csv.gz" if kind == "gzipped" else "a.csv")
    file.write_bytes(gzip.compress(text.encode()) if kind == "gzipped" else text.encode())
    samples = table.load(file, READING).splits["train"]
    shutil.rmtree(samples.root)
    assert table.files_root(file) == samples.root
    assert all((samples.root / name).is_file() for name in samples.names)
