"""HDF5 files of arrays, as courses and PatchCamelyon have them."""

import numpy as np
import pytest

from cnncli.data.sources import arrays
from cnncli.errors import DataError

h5py = pytest.importorskip("h5py")

IMAGES = np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3)
LABELS = np.array([0, 1, 1, 0])


def write(file, **content):
    with h5py.File(file, "w") as archive:
        for name, array in content.items():
            archive[name.replace("__", "/")] = array


def test_a_file_for_each_split_with_names_of_the_classes(tmp_path):
    for split in ("train", "test"):
        names = np.array([b"non-cat", b"cat"])
        content = {f"{split}_set_x": IMAGES, f"{split}_set_y": LABELS[None], "list_classes": names}
        write(tmp_path / f"{split}_catvnoncat.h5", **content)
    data = arrays.load(tmp_path)
    assert data.class_names == ("cat", "non-cat")
    assert data.splits["test"].labels.tolist() == [1, 0, 0, 1]
    assert np.array_equal(data.splits["train"].read(np.arange(4)), IMAGES)


def test_a_file_for_each_array(tmp_path):
    for split in ("train", "valid", "test"):
        write(tmp_path / f"level_2_split_{split}_x.h5", x=IMAGES)
        write(tmp_path / f"level_2_split_{split}_y.h5", y=LABELS.reshape(4, 1, 1, 1))
    data = arrays.load(tmp_path)
    assert {split: samples.labels.tolist() for split, samples in data.splits.items()} == dict.fromkeys(
        ("train", "validation", "test"), LABELS.tolist()
    )


def test_groups_of_flat_images(tmp_path):
    flat = np.linspace(0, 1, 4 * 64, dtype=np.float32).reshape(4, 64)
    write(tmp_path / "usps.h5", train__data=flat, train__target=LABELS, test__data=flat, test__target=LABELS)
    data = arrays.load(tmp_path / "usps.h5")
    assert data.splits["train"].shape == (8, 8, 1)
    assert set(data.splits) == {"train", "test"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"table": [1, 2]}, "has no train images; there are d.h5: table"),
        ({"x": IMAGES}, "has no train labels"),
        ({"x": IMAGES, "images": IMAGES, "y": LABELS}, "has a second array of train images"),
    ],
)
def test_files_without_images_and_labels(tmp_path, content, message):
    write(tmp_path / "d.h5", **content)
    with pytest.raises(DataError, match=message):
        arrays.load(tmp_path / "d.h5")


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "d.h5").write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be read as an HDF5 file"):
        arrays.load(tmp_path / "d.h5")


def test_numbers_that_are_elsewhere_are_not_read(tmp_path):
    pixels = np.zeros((4, 3, 3), np.uint8)
    (tmp_path / "other.bin").write_bytes(pixels.tobytes())
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        file.create_dataset("images", pixels.shape, "u1", external=[(str(tmp_path / "other.bin"), 0, pixels.size)])
        file["labels"] = np.arange(4) % 2
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        file["pixels"] = pixels
    layout = h5py.VirtualLayout(pixels.shape, "u1")
    layout[:] = h5py.VirtualSource(str(tmp_path / "whole.h5"), "pixels", pixels.shape)
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("images", layout)
        file["labels"] = np.arange(4) % 2
    for name in ("outside.h5", "virtual.h5"):
        with pytest.raises(DataError, match="images is an array that is kept in other files"):
            arrays.load(tmp_path / name)


def test_links_are_not_followed(tmp_path):
    write(tmp_path / "there.h5", images=np.zeros((4, 3, 3), np.uint8), labels=np.arange(4) % 2)
    with h5py.File(tmp_path / "linked.h5", "w") as file:
        file["images"] = h5py.ExternalLink(str(tmp_path / "there.h5"), "images")
        file["labels"] = np.arange(4) % 2
    with pytest.raises(DataError, match="has no train images"):
        arrays.load(tmp_path / "linked.h5")


@pytest.mark.parametrize("kind", ["utf-8", "ascii"])
def test_words_as_labels(tmp_path, kind):
    words = ["owl", "cat", "cat", "owl"]
    with h5py.File(tmp_path / "pets.h5", "w") as archive:
        archive["X"] = IMAGES
        archive.create_dataset("y", data=words, dtype=h5py.string_dtype(kind))
    data = arrays.load(tmp_path / "pets.h5")
    assert [data.class_names[label] for label in data.splits["train"].labels] == words
