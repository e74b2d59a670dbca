"""The same table in the forms in which programs write it, and what is said about files that are none."""

import gzip
import io
import json
import tarfile

import numpy as np
import pytest
from picture_files import encoded, put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import table
from cnncli.data.sources.rows.names import names_in
from cnncli.errors import DataError

READING = InputFormat(8, 8, 1)
IMAGES = ("in/1.png", "in/2.png", "in/3.png")
LABELS = ("owl", "cat", "owl")
ROWS = list(zip(IMAGES, LABELS, strict=True))
CSV = "path,label\n" + "".join(f"{image},{label}\n" for image, label in ROWS)
OBJECTS = [{"path": image, "label": label} for image, label in ROWS]
COLUMNS = {"path": dict(enumerate(IMAGES)), "label": dict(enumerate(LABELS))}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    put(tmp_path, *IMAGES)
    return tmp_path


FORMS = {
    "t.csv": CSV.replace(",", "|"),
    "excel.csv": "sep=;\r\n" + CSV.replace(",", ";").replace("\n", "\r\n"),
    "quoted.csv": '"sep=|"\n' + CSV.replace(",", "|"),
    "list.txt": "".join(f"{image} {label}\n" for image, label in ROWS),
    "blanks.txt": "\n".join(f"{image}\t  {label}" for image, label in ROWS).replace("\t", " "),
    "t.csv.gz": gzip.compress(CSV.encode()),
    "t.tsv.gz": gzip.compress(CSV.replace(",", "\t").encode()),
    "t.jsonl.gz": gzip.compress("".join(json.dumps(each) + "\n" for each in OBJECTS).encode()),
    "columns.json": json.dumps(COLUMNS),
    "index.json": json.dumps(dict(enumerate(OBJECTS))),
    "split.json": json.dumps({"columns": ["path", "label"], "index": [0, 1, 2], "data": ROWS}),
    "table.json": json.dumps({"schema": {"fields": []}, "data": OBJECTS}),
    "values.json": json.dumps(ROWS),
    "map.json": json.dumps(dict(ROWS)),
    "attributes.json": json.dumps({image: {"label": label, "score": 1} for image, label in ROWS}),
    "classes.json": json.dumps({"owl": [IMAGES[0], IMAGES[2]], "cat": [IMAGES[1]]}),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_says_the_same(place, name):
    content = FORMS[name]
    (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    data = table.load(place / name, READING)
    train = data.splits["train"]
    assert data.class_names == ("cat", "owl")
    assert dict(zip(train.names, train.labels.tolist(), strict=True)) == dict(zip(IMAGES, (1, 0, 1), strict=True))


@pytest.mark.parametrize("kind", ["feather", "stream"])
def test_arrow_files(place, kind):
    pa = pytest.importorskip("pyarrow")
    content = pa.table({"path": IMAGES, "label": LABELS})
    write = pa.ipc.new_file if kind == "feather" else pa.ipc.new_stream
    with write(str(place / "t.arrow"), content.schema) as file:
        file.write_table(content)
    assert table.load(place / "t.arrow", READING).splits["train"].labels.tolist() == [1, 0, 1]


def test_a_folder_that_hugging_face_saved_to_disk(place):
    pa = pytest.importorskip("pyarrow")
    features = {"image": {"_type": "Image"}, "kind": {"names": ["cat", "owl"], "_type": "ClassLabel"}}
    kind = pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("kind", pa.int64()),
            ("n", pa.int64()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    for split, labels in {"train": [1, 0], "test": [0]}.items():
        images = [{"bytes": encoded(10 * number), "path": None} for number in range(1, len(labels) + 1)]
        content = pa.Table.from_pydict({"image": images, "kind": labels, "n": [7] * len(labels)}, kind)
        (place / "saved" / split).mkdir(parents=True)
        with pa.ipc.new_stream(str(place / "saved" / split / "data-00000-of-00001.arrow"), kind) as file:
            file.write_table(content)
        (place / "saved" / split / "cache-0a1b.arrow").write_bytes(b"of a map()")
    data = table.load(place / "saved", READING)
    assert data.class_names == ("cat", "owl")
    assert {split: samples.labels.tolist() for split, samples in data.splits.items()} == {"train": [1, 0], "test": [0]}


@pytest.mark.parametrize("values", [("True", "False"), ("TRUE", "FALSE"), ("1", "0")])
def test_one_hot_columns_of_truth_values(place, values):
    rows = [f"{image},{values[label != 'cat']},{values[label != 'owl']}" for image, label in ROWS]
    (place / "t.csv").write_text("path,cat,owl\n" + "\n".join(rows))
    data = table.load(place / "t.csv", READING)
    assert (data.class_names, data.splits["train"].labels.tolist()) == (("cat", "owl"), [1, 0, 1])


def pixel_rows(*labels):
    """Rows of 8×8 pixels, of which the first is always black; each image has a colour of its own."""
    return [(label, [0, *[100 + 50 * at] * 63]) for at, label in enumerate(labels)]


@pytest.mark.parametrize("order", ["first", "last", "named by pandas"])
def test_pixels_in_a_table_without_a_header(place, order):
    rows = [[label, *pixels] if order != "last" else [*pixels, label] for label, pixels in pixel_rows(7, 4, 7)]
    lines = [",".join(map(str, row)) for row in rows]
    if order == "named by pandas":
        lines.insert(0, ",".join(["0", *(f"0.{number}" for number in range(1, 65))]))
    (place / "digits.csv").write_text("\n".join(lines))
    data = table.load(place / "digits.csv", READING)
    train = data.splits["train"]
    assert (data.class_names, train.labels.tolist()) == (("4", "7"), [1, 0, 1])
    assert train.read(np.arange(3))[:, 7, 7, 0].tolist() == [100, 150, 200]


def test_numbers_that_are_no_square_of_pixels_have_a_header_as_before(place):
    (place / "t.csv").write_text("\n".join(",".join(["1"] * 66) for _ in range(3)))
    with pytest.raises(DataError, match="no column that is known to hold the image"):
        table.load(place / "t.csv", READING)


def test_tables_that_are_called_after_splits_are_one(place):
    (place / "train.csv").write_text(CSV)
    put(place, "in/4.png")
    (place / "test.csv").write_text("path,label\nin/4.png,owl\n")
    data = table.load(place, READING)
    assert {split: samples.names for split, samples in data.splits.items()} == {"train": IMAGES, "test": ("in/4.png",)}
    assert data.splits["test"].labels.tolist() == [1]


@pytest.mark.parametrize("header", ["path", "path,colour"])
def test_a_table_of_a_split_without_the_labels_is_named_and_not_used(place, header):
    (place / "train.csv").write_text(CSV)
    (place / "test.csv").write_text(f"{header}\nin/1.png{',red' * header.count(',')}\n")
    told = []
    assert set(table.load(place, READING, notice=told.append).splits) == {"train"}
    assert told == [f"{place / 'test.csv'} has no column label, so no labels: not used"]


def test_tables_of_pixels_that_are_called_after_splits_are_one(place):
    for name, labels in (("sign_train", (3, 5)), ("sign_test", (5, 3))):
        header = ",".join(["label", *(f"pixel{number}" for number in range(1, 65))])
        lines = [",".join(map(str, [label, *pixels])) for label, pixels in pixel_rows(*labels)]
        (place / f"{name}.csv").write_text("\n".join([header, *lines]))
    data = table.load(place, READING)
    assert {split: samples.labels.tolist() for split, samples in data.splits.items()} == {
        "train": [0, 1],
        "test": [1, 0],
    }
    assert data.splits["test"].read(np.arange(2))[:, 7, 7, 0].tolist() == [100, 150]


def test_a_gzipped_tar_of_webdataset(place):
    with tarfile.open(place / "t.tar.gz", "w:gz") as archive:
        for name, content in {"1.png": encoded(9), "1.cls": b"1", "2.png": encoded(8), "2.cls": b"0"}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert table.load(place / "t.tar.gz", READING).splits["train"].labels.tolist() == [1, 0]


def test_an_archive_of_class_folders_is_to_be_unpacked(place):
    with tarfile.open(place / "photos.tgz", "w:gz") as archive:
        archive.add(place / "in", "photos/owl")
    with pytest.raises(DataError) as caught:
        table.load(place / "photos.tgz", READING)
    assert f"unpack it: cnncli init {place}/photos.tgz" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "what", "step"),
    [
        ("t.xlsx", "is a spreadsheet", "save the sheet as CSV"),
        ("t.ods", "is a spreadsheet", "save the sheet as CSV"),
        ("my table.db", "is an SQLite database", "sqlite3 -header -csv "),
        ("t.pkl", "is a pickle; loading one can run any code", "to_csv"),
        ("t.pt", "is a PyTorch file", "numpy.savez('t.npz'"),
        ("train.tfrecord", "is a TFRecord file", "one folder for each class"),
        ("data.mdb", "is an LMDB database", "one folder for each class"),
        ("photos.zip", "is an archive", "cnncli init "),
        ("photos.7z", "is an archive", "7z x -ophotos "),
        ("t.dta", "is a table of another program", "save it as CSV"),
        ("t.md", "is a document", "save the table in it as CSV"),
        ("cat.jpg", "is one image", "name the folder"),
        ("spec.yaml", "is a spec", "cnncli train "),
    ],
)
def test_a_file_that_is_no_table_is_called_what_it_is(place, name, what, step):
    (place / name).write_bytes(b"?")
    with pytest.raises(DataError) as caught:
        table.load(place / name, READING)
    assert what in caught.value.message
    assert step in caught.value.hint


@pytest.mark.parametrize(
    ("file", "content", "names"),
    [
        ("a.txt", "owl\nwild cat\n", {0: "owl", 1: "wild cat"}),
        ("a.txt", "1 owl\n2 wild cat\n", {1: "owl", 2: "wild cat"}),
        ("a.txt", "7 up\n3 lines\n", {0: "7 up", 1: "3 lines"}),
        ("a.txt", "/a/owl 0\n/w/wild cat 1\n", {0: "/a/owl", 1: "/w/wild cat"}),
        ("a.txt", "owl 7\nwild cat 3\n", {0: "owl 7", 1: "wild cat 3"}),
        ("a.csv", "ClassId,SignName\n0,owl\n1,wild cat\n", {0: "owl", 1: "wild cat"}),
        ("a.json", '["owl", "wild cat"]', {0: "owl", 1: "wild cat"}),
        ("a.json", '{"0": "owl", "1": "wild cat"}', {0: "owl", 1: "wild cat"}),
        ("a.json", '{"owl": 0, "wild cat": 1}', {0: "owl", 1: "wild cat"}),
        ("a.json", '{"owl": {}, "cat": 1}', {}),
        ("a.json", "[", {}),
    ],
)
def test_names_of_classes_in_the_forms_that_they_have(tmp_path, file, content, names):
    (tmp_path / file).write_text(content)
    assert names_in(tmp_path / file) == names


def test_labels_are_looked_up_in_a_file_of_json(place):
    (place / "t.csv").write_text("path,label\nin/1.png,5\nin/2.png,3\n")
    (place / "names.json").write_text('{"3": "cat", "5": "owl"}')
    assert table.load(place / "t.csv", READING, names=str(place / "names.json")).class_names == ("cat", "owl")


@pytest.mark.parametrize("label", ["[1, 0, 0]", "[0, 1]", "[0.0, 1.0]"])
def test_a_one_hot_label_in_one_cell_is_called_that(place, label):
    (place / "t.csv").write_text(f'path,label\nin/1.png,"{label}"\n')
    with pytest.raises(DataError, match="is one-hot in one cell"):
        table.load(place / "t.csv", READING)
