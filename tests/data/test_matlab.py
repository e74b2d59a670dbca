"""SVHN, EMNIST, STL-10 and MedMNIST as they are published: the right way up, labels under their names."""

import numpy as np
import pytest
from scipy.io import savemat

from cnncli.data.quality.survey import survey
from cnncli.data.sources import arrays
from cnncli.errors import DataError

CORNER = np.zeros((4, 4, 3), np.uint8)
CORNER[0, 1] = (255, 100, 50)  # row 0, column 1: turned or mirrored, it is elsewhere


def svhn(file, labels, images=None):
    x = np.repeat((CORNER if images is None else images)[..., None], len(labels), axis=3)
    savemat(file, {"X": x, "y": np.array(labels, np.uint8)[:, None]})


def test_svhn(tmp_path):
    svhn(tmp_path / "train_32x32.mat", [1, 10, 2])
    svhn(tmp_path / "test_32x32.mat", [10])
    svhn(tmp_path / "extra_32x32.mat", [1, 2])
    data = arrays.load(tmp_path)
    assert data.class_names == ("0", "1", "2")
    assert data.splits["train"].labels.tolist() == [1, 0, 2]
    assert data.splits["test"].labels.tolist() == [0]
    assert (data.splits["train"].images == CORNER).all()
    assert [(one.reason, one.count) for one in data.unused] == [("other-arrays", 2)]
    assert [*arrays.load(tmp_path / "train_32x32.mat").splits] == ["train"]


def test_only_the_test_images_of_svhn(tmp_path):
    svhn(tmp_path / "test_32x32.mat", [10, 3])
    svhn(tmp_path / "extra_32x32.mat", [1, 2])
    data = arrays.load(tmp_path, only=["test"])
    assert [*data.splits] == ["test"]
    assert [data.class_names[label] for label in data.splits["test"].labels] == ["0", "3"]
    with pytest.raises(DataError, match="there is no file of training images"):
        arrays.load(tmp_path)


def test_emnist_is_turned_upright_and_has_its_letters(tmp_path):
    image = CORNER[:, :, 0]
    part = {"images": np.array([image.T.ravel(), image.T.ravel()]), "labels": np.array([[1], [2]]), "writers": 0}
    mapping = np.array([[1, 65, 97], [2, 66, 98]])
    savemat(tmp_path / "emnist-letters.mat", {"dataset": {"train": part, "test": part, "mapping": mapping}})
    data = arrays.load(tmp_path / "emnist-letters.mat")
    assert data.class_names == ("Aa", "Bb")
    assert (data.splits["train"].images[:, :, :, 0] == image).all()
    assert len(data.splits["test"]) == 2


def test_stl10(tmp_path):
    image = np.zeros((96, 96, 3), np.uint8)
    image[0, 1] = (255, 100, 50)
    for split in ("train", "test", "unlabeled"):
        np.stack([image.transpose(2, 1, 0)] * 2).tofile(tmp_path / f"{split}_X.bin")
        np.array([1, 2], np.uint8).tofile(tmp_path / f"{split}_y.bin")
    (tmp_path / "unlabeled_y.bin").unlink()
    (tmp_path / "class_names.txt").write_text("airplane\nbird\n")
    data = arrays.load(tmp_path)
    assert data.class_names == ("airplane", "bird")
    assert (data.splits["train"].images == image).all()
    assert data.splits["test"].labels.tolist() == [0, 1]
    assert data.unused[0].count == 2
    assert [*arrays.load(tmp_path, only=["test"]).splits] == ["test"]
    (tmp_path / "train_y.bin").write_bytes(b"\1")
    with pytest.raises(DataError, match="do not fit together"):
        arrays.load(tmp_path)


def test_medmnist_and_what_init_sees_of_it(tmp_path):
    counts = {"train": 6, "val": 2, "test": 2}
    images = {f"{split}_images": np.full((count, 28, 28, 3), 200, np.uint8) for split, count in counts.items()}
    labels = {f"{split}_labels": np.arange(count)[:, None] % 2 for split, count in counts.items()}
    np.savez(tmp_path / "breast.npz", **images, **labels)
    seen = survey(tmp_path / "breast.npz")
    assert (seen.source, seen.arguments) == ("arrays", {"path": str(tmp_path / "breast.npz")})
    assert {split: len(of) for split, of in seen.labels.items()} == {"train": 6, "validation": 2, "test": 2}
    assert seen.sizes.tolist() == [[28, 28]] * 10
    assert not seen.grey.any()
    with pytest.raises(DataError, match="--root applies to tables only"):
        survey(tmp_path / "breast.npz", {"root": "."})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"X": np.zeros((4, 4, 3, 2)), "y": np.zeros((3, 1))}, "no X of images"),
        ({"z": 1}, "no X of images"),
        ({"dataset": {"a": 1}}, "is not EMNIST's"),
        (b"MATLAB 5.0 MAT-file", "cannot be read as a MATLAB file"),
        (b"", "cannot be read as a MATLAB file"),
    ],
)
def test_other_matlab_files_are_refused(tmp_path, content, words):
    if isinstance(content, bytes):
        (tmp_path / "a.mat").write_bytes(content)
    else:
        savemat(tmp_path / "a.mat", content)
    with pytest.raises(DataError, match=words):
        arrays.load(tmp_path / "a.mat")


def test_a_folder_without_training_images_is_refused(tmp_path):
    svhn(tmp_path / "extra_32x32.mat", [1, 2])
    with pytest.raises(DataError, match="no file of training images among extra_32x32"):
        arrays.load(tmp_path)
