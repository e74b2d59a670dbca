"""IDX, the format of MNIST: names, headers, lengths, and files that are not what they say."""

import gzip
import struct

import numpy as np
import pytest
from picture_files import tree_hash

from cnncli.data.sources import idx
from cnncli.errors import DataError, ResourceError

DIGITS = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)  # (images, height, width)
LABELS = np.array([2, 0, 1, 1, 0, 2], np.uint8)
NAMES = {
    "train images": "train-images-idx3-ubyte",
    "train labels": "train-labels-idx1-ubyte",
    "test images": "t10k-images-idx3-ubyte",
    "test labels": "t10k-labels-idx1-ubyte",
}


def encoded(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder, names=NAMES, **contents):
    """The four files; `train_images=b"…"` puts something else into one."""
    arrays = {"train images": DIGITS, "train labels": LABELS, "test images": DIGITS[:3], "test labels": LABELS[:3]}
    for role, name in names.items():
        data = contents.get(role.replace(" ", "_"), encoded(arrays[role]))
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def message(folder, classes=None) -> str:
    with pytest.raises(DataError) as caught:
        idx.load(folder, classes)
    return f"{caught.value.message} | {caught.value.hint}"


def test_bytes_that_may_be_fractions_are_asked_about(tmp_path):
    write(tmp_path, train_images=encoded(DIGITS // 128), test_images=encoded(DIGITS[:3] // 128))
    assert "white could be 1 or 255" in message(tmp_path)
    assert set(np.unique(idx.load(tmp_path, white=1).splits["train"].images)) == {0, 255}


def dotted(name: str) -> str:
    return name.replace("-idx", ".idx")


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name,
        lambda name: name + ".gz",
        dotted,
        lambda name: dotted(name) + ".gz",
        lambda name: name.replace("t10k", "test"),
        lambda name: "emnist-letters-" + name,
    ],
)
def test_four_files_are_a_data_set(tmp_path, rename):
    write(tmp_path, {role: rename(name) for role, name in NAMES.items()})
    before = tree_hash(tmp_path)
    data = idx.load(tmp_path)
    assert data.class_names == ("0", "1", "2")
    train, test = data.splits["train"], data.splits["test"]
    assert np.array_equal(train.images, DIGITS[..., None])
    assert train.labels.tolist() == LABELS.tolist()
    assert train.labels.dtype == np.int64
    assert np.array_equal(test.images, DIGITS[:3, ..., None])
    assert test.names == ("0", "1", "2")
    assert tree_hash(tmp_path) == before


def test_colour_has_an_axis_more(tmp_path):
    photos = np.repeat(DIGITS[..., None], 3, axis=-1)
    write(tmp_path, {"train images": "train-images-idx4-ubyte", "train labels": NAMES["train labels"]},
          train_images=encoded(photos))  # fmt: skip
    data = idx.load(tmp_path)
    assert [*data.splits] == ["train"]
    assert np.array_equal(data.splits["train"].images, photos)


def test_where_a_file_is_there_in_both_forms_the_plain_one_is_read(tmp_path):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"not looked at")
    assert np.array_equal(idx.load(tmp_path).splits["train"].images[..., 0], DIGITS)


def test_classes_name_the_labels_or_choose_among_them(tmp_path):
    write(tmp_path)
    assert idx.load(tmp_path, ["shirt", "boot", "bag"]).class_names == ("shirt", "boot", "bag")
    chosen = idx.load(tmp_path, {2: "bag", 0: "shirt"})
    assert chosen.class_names == ("bag", "shirt")
    assert chosen.splits["train"].labels.tolist() == [0, 1, 1, 0]
    assert "no training image is of the class d" in message(tmp_path, ["a", "b", "c", "d"])


@pytest.mark.parametrize("role", NAMES)
def test_a_missing_file_is_named(tmp_path, role):
    write(tmp_path, {other: name for other, name in NAMES.items() if other != role})
    assert f"has no file of the {role} | expected train-images-idx3-ubyte" in message(tmp_path)


def test_a_folder_without_any(tmp_path):
    assert "has no file of the train images" in message(tmp_path)


def test_two_data_sets_in_one_folder(tmp_path):
    write(tmp_path)
    write(tmp_path, {role: "emnist-" + name for role, name in NAMES.items()})
    assert "has several data sets: one, emnist-" in message(tmp_path)


GOOD = encoded(DIGITS)
BAD = {
    "is not an IDX file": b"PK\x03\x04" + bytes(30),
    "is not an IDX file: it": b"",
    "is cut off within its header": GOOD[:10],
    "is damaged: its header says 120 bytes ((6, 5, 4)), and there are 119": GOOD[:-1],
    "and there are more": GOOD + b"\0",
    "holds floats | expected unsigned bytes": GOOD[:2] + b"\x0d" + GOOD[3:],
    "has 1 axes, and 3 or 4 were expected": encoded(LABELS),
}


@pytest.mark.parametrize(("words", "contents"), BAD.items())
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_that_is_not_what_its_name_says(tmp_path, words, contents, suffix):
    write(tmp_path, {role: name + suffix for role, name in NAMES.items()}, train_images=contents)
    said = message(tmp_path)
    assert f"{tmp_path}/train-images-idx3-ubyte{suffix} " in said
    assert words in said


def test_more_images_than_labels(tmp_path):
    write(tmp_path, test_labels=encoded(LABELS))
    assert "t10k-images-idx3-ubyte has 3 images and t10k-labels-idx1-ubyte 6 labels" in message(tmp_path)


def test_damaged_archives(tmp_path):
    write(tmp_path, {role: name + ".gz" for role, name in NAMES.items()})
    path = tmp_path / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for data, words in (
        (whole[:-20], "is cut off: the end of the gzip archive is missing"),
        (b"plain", "cannot be read: Not a gzipped file"),
        (whole[:-8] + bytes(8), "cannot be read: CRC check failed"),
        (whole[:12] + b"\xff" * 20 + whole[32:], "cannot be read: "),
    ):
        path.write_bytes(data)
        assert words in message(tmp_path)


def test_a_header_that_promises_more_than_memory_holds(tmp_path):
    write(tmp_path, train_images=struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**15, 2**15))
    with pytest.raises(ResourceError, match="claims to hold 2147483648×32768×32768 bytes"):
        idx.load(tmp_path)
