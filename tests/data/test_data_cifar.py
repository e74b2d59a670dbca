"""CIFAR's binary version, in small: the layout of its files, and files that are not in it."""

import numpy as np
import pytest
from picture_files import tree_hash

from cnncli.data.sources import cifar
from cnncli.errors import DataError

PHOTOS = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)  # (images, height, width, channels)
LABELS = np.arange(12) % 10
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def rows(photos: np.ndarray, *labels: np.ndarray) -> bytes:
    """All of red before all of green before all of blue, behind the labels."""
    planes = photos.transpose(0, 3, 1, 2).reshape(len(photos), -1)
    return np.concatenate([*(of[:, None] for of in labels), planes], axis=1).astype(np.uint8).tobytes()


@pytest.fixture
def ten(tmp_path):
    for number in range(1, 6):
        some = slice(2 * number - 2, 2 * number)
        (tmp_path / f"data_batch_{number}.bin").write_bytes(rows(PHOTOS[some], LABELS[some]))
    (tmp_path / "test_batch.bin").write_bytes(rows(PHOTOS[10:], LABELS[10:]))
    (tmp_path / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return tmp_path


@pytest.fixture
def hundred(tmp_path):
    for split, some in (("train", slice(0, 10)), ("test", slice(10, 12))):
        (tmp_path / f"{split}.bin").write_bytes(rows(PHOTOS[some], LABELS[some] + 5, LABELS[some] + 90))
    (tmp_path / "fine_label_names.txt").write_text("".join(f"fine{number}\n" for number in range(100)))
    (tmp_path / "coarse_label_names.txt").write_text("".join(f"coarse{number}\n" for number in range(20)))
    return tmp_path


def message(folder, classes=None) -> str:
    with pytest.raises(DataError) as caught:
        cifar.load(folder, classes)
    return f"{caught.value.message} | {caught.value.hint}"


def test_cifar_10(ten):
    before = tree_hash(ten)
    data = cifar.load(ten)
    assert data.class_names == NAMES
    train, test = data.splits["train"], data.splits["test"]
    assert np.array_equal(train.images, PHOTOS[:10])
    assert train.labels.tolist() == LABELS[:10].tolist()
    assert np.array_equal(test.images, PHOTOS[10:])
    assert test.labels.tolist() == [0, 1]
    assert train.images.flags.c_contiguous
    assert tree_hash(ten) == before


def test_cifar_100_has_two_kinds_of_labels(hundred):
    fine, coarse = cifar.load(hundred), cifar.load(hundred, labels="coarse")
    assert (len(fine.class_names), len(coarse.class_names)) == (100, 20)
    assert np.array_equal(fine.splits["train"].images, PHOTOS[:10])
    assert fine.splits["train"].labels.tolist() == (LABELS[:10] + 90).tolist()
    assert coarse.splits["test"].labels.tolist() == [5, 6]


@pytest.mark.parametrize("inner", ["cifar-10-batches-bin", "cifar-100-binary"])
def test_the_folder_around_it_will_do(ten, inner, tmp_path_factory):
    outer = tmp_path_factory.mktemp("outer")
    ten.rename(outer / inner)
    assert cifar.load(outer).class_names == NAMES


def test_classes_are_chosen(ten):
    data = cifar.load(ten, ["automobile", "airplane"])
    assert data.class_names == ("automobile", "airplane")
    assert data.splits["train"].labels.tolist() == [1, 0]
    assert data.splits["test"].labels.tolist() == [1, 0]
    assert np.array_equal(data.splits["train"].images, PHOTOS[:2])
    assert [(one.reason, one.count) for one in data.unused] == [("other-classes", 8)]


def test_the_pickled_version_is_not_read(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(b"cos\nsystem\n")
    assert "holds the Python version of CIFAR, which is pickled" in message(tmp_path)


@pytest.mark.parametrize("name", ["data_batch_3.bin", "test_batch.bin", "batches.meta.txt"])
def test_a_missing_file_is_named(ten, name):
    (ten / name).unlink()
    assert f"{ten / name} does not exist" in message(ten)


def test_files_that_are_damaged(ten):
    path = ten / "data_batch_2.bin"
    whole = path.read_bytes()
    for data, words in (
        (whole[:-1], "data_batch_2.bin is damaged: 6,145 bytes are not whole rows of 3,073"),
        (b"", "data_batch_2.bin is damaged"),
        (whole[:3073] + b"\x0a" + whole[3074:], "data_batch_2.bin: image 1 has the label 10, and there are 10 classes"),
    ):
        path.write_bytes(data)
        assert words in message(ten)


def test_names_that_are_too_few(ten):
    (ten / "batches.meta.txt").write_text("cat\ndog\ncat\n")
    assert "has 2 class names, and 10 were expected" in message(ten)


def test_no_cifar_at_all(tmp_path):
    assert "the folder has nothing | expected the unpacked binary version" in message(tmp_path)
