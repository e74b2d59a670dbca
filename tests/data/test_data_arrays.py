"""NumPy files: names of arrays, kinds of numbers, axes, labels, and nothing that is ever unpickled."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from picture_files import tree_hash

from cnncli.data.sources import arrays
from cnncli.errors import DataError, ResourceError

PHOTOS = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)  # (images, height, width, channels)
LABELS = np.array([2, 0, 1, 1, 0, 2])
GREY = PHOTOS[..., 0]


def load(tmp_path, classes=None, white=None, **stored):
    np.savez(tmp_path / "pets.npz", **stored)
    before = tree_hash(tmp_path)
    try:
        return arrays.load(tmp_path / "pets.npz", classes=classes, white=white)
    finally:
        assert tree_hash(tmp_path) == before


def message(tmp_path, classes=None, white=None, **stored) -> str:
    with pytest.raises(DataError) as caught:
        load(tmp_path, classes, white, **stored)
    return f"{caught.value.message} | {caught.value.hint}"


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("trainX", "trainY", "testX", "testY"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("training-data", "training-targets", "testing-data", "testing-targets"),
    ],
)
def test_arrays_are_found_by_their_names(tmp_path, names):
    data = load(tmp_path, **dict(zip(names, (PHOTOS, LABELS, PHOTOS[:3], LABELS[:3]), strict=True)), about=np.ones(3))
    assert data.class_names == ("0", "1", "2")
    assert [*data.splits] == ["train", "test"]
    assert np.array_equal(data.splits["train"].images, PHOTOS)
    assert data.splits["train"].labels.tolist() == LABELS.tolist()
    assert data.splits["train"].labels.dtype == np.int64
    assert np.array_equal(data.splits["test"].images, PHOTOS[:3])
    assert data.splits["test"].names == ("0", "1", "2")


def test_three_splits(tmp_path):
    pair = {"images": PHOTOS, "labels": LABELS[:, None]}
    data = load(tmp_path, **{f"{split}_{kind}": of for split in ("test", "val", "train") for kind, of in pair.items()})
    assert [*data.splits] == ["train", "validation", "test"]


@pytest.mark.parametrize("names", [("images", "labels"), ("x", "y"), ("data", "target")])
def test_arrays_without_splits_are_for_training(tmp_path, names):
    data = load(tmp_path, **dict(zip(names, (PHOTOS, LABELS), strict=True)))
    assert [*data.splits] == ["train"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"photos": PHOTOS, "kinds": LABELS}, "has no training images; it has photos, kinds | expected x_train and"),
        ({"x_train": PHOTOS}, "has x_train and no train labels"),
        ({"x_train": PHOTOS, "y_train": LABELS, "x_test": PHOTOS}, "has x_test and no test labels"),
        ({"x_test": PHOTOS, "y_test": LABELS}, "has no training images"),
        ({"arr_0": PHOTOS, "arr_1": LABELS}, "name them where they are saved: numpy.savez('images.npz', images=…"),
        ({"x": PHOTOS, "y": LABELS, "x_test": PHOTOS, "y_test": LABELS}, "some name a split and some do not"),
        ({"x": PHOTOS, "images": PHOTOS, "y": LABELS}, "has images twice, x and images"),
        ({"x": PHOTOS, "y": LABELS[:4]}, "has 6 train images and 4 labels"),
        ({"x": PHOTOS, "y": np.int64(3)}, "has 6 train images and 0 labels"),
    ],
)
def test_arrays_that_are_not_there(tmp_path, names, words):
    assert words in message(tmp_path, **names)


def test_a_pair_of_files_stays_on_disk(tmp_path):
    np.save(tmp_path / "photos.npy", PHOTOS)
    np.save(tmp_path / "kinds.npy", LABELS)
    train = arrays.load(tmp_path / "photos.npy", labels=tmp_path / "kinds.npy").splits["train"]
    assert np.array_equal(train.images, PHOTOS)
    assert not train.images.flags.writeable
    with pytest.raises(DataError, match="has images and no labels"):
        arrays.load(tmp_path / "photos.npy")


def test_a_folder_of_files(tmp_path):
    for name, of in {"x_train": PHOTOS, "y_train": LABELS, "x_test": PHOTOS[:3], "y_test": LABELS[:3]}.items():
        np.save(tmp_path / f"{name}.npy", of)
    np.save(tmp_path / "other.npy", np.array([{}]), allow_pickle=True)
    assert [*arrays.load(tmp_path).splits] == ["train", "test"]
    (tmp_path / "y_test.npy").unlink()
    with pytest.raises(DataError, match="no test labels"):
        arrays.load(tmp_path)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    "images",
    [
        PHOTOS / 255,
        (PHOTOS / 255).astype(np.float32),
        PHOTOS.astype(np.float32),
        PHOTOS.astype(np.float64),
        PHOTOS.astype(np.int64),
        PHOTOS.astype(np.uint16),
        np.asfortranarray(PHOTOS),
        PHOTOS.astype(">i4"),
    ],
    ids=["fractions", "short fractions", "floats", "doubles", "integers", "16 bits", "Fortran", "big-endian"],
)
def test_whatever_the_numbers_are_the_pixels_are_the_same(tmp_path, images):
    read = load(tmp_path, x=images, y=LABELS).splits["train"].images
    assert read.dtype == np.uint8
    assert np.array_equal(read, PHOTOS)


def test_what_white_is_is_found_out_from_all_splits(tmp_path):
    dark = PHOTOS.astype(np.float32)
    dark[:] = 1
    data = load(tmp_path, x_train=PHOTOS.astype(np.float32), y_train=LABELS, x_test=dark, y_test=LABELS)
    assert data.splits["test"].images.max() == 1


@pytest.mark.parametrize(("train", "test"), [(1, 255), (255, 1)])
def test_fractions_in_one_split_alone_are_refused(tmp_path, train, test):
    images = {"x_train": PHOTOS if train > 1 else PHOTOS / 255, "x_test": PHOTOS if test > 1 else PHOTOS / 255}
    words = message(tmp_path, **images, y_train=LABELS, y_test=LABELS)
    assert f"{'test' if test == 1 else 'train'} images with pixels from 0 to 1, and" in words
    assert "all as fractions from 0 to 1" in words


def test_fractions_are_rounded(tmp_path):
    read = load(tmp_path, x=np.full((6, 4, 4), [0, 1, 0.299, 0.301]), y=LABELS).splits["train"].images
    assert read[0, 0, :, 0].tolist() == [0, 255, 76, 77]


def test_true_is_white(tmp_path):
    read = load(tmp_path, x=GREY > 128, y=LABELS).splits["train"].images[..., 0]
    assert np.array_equal(read, np.where(GREY > 128, 255, 0))


def test_which_number_is_white_may_be_said(tmp_path):
    read = load(tmp_path, white=65535, x=PHOTOS.astype(np.uint16) * 257, y=LABELS).splits["train"].images
    assert np.array_equal(read, PHOTOS)
    read = load(tmp_path, white=1, x=(GREY > 128).astype(np.uint8), y=LABELS).splits["train"].images
    assert set(np.unique(read)) == {0, 255}
    assert "pixels from 0 to 255, and from 0 to 16 was expected" in message(
        tmp_path, white=16, x=np.tile(np.uint8([0, 255]), (6, 4, 2)), y=LABELS
    )


@pytest.mark.parametrize(
    ("above", "white", "dtype"),
    [(1.0000001, 1, np.float32), (1.0005, 1, np.float16), (255.1, 255, np.float64), (4096, 4095, np.uint16)],
)
def test_rounding_beyond_white_and_black_is_clipped(tmp_path, above, white, dtype):
    images = (PHOTOS / 255 * white).astype(dtype)
    images[0, 0, 0] = above
    if dtype != np.uint16:
        images[0, 0, 1] = -1e-4 * white
    read = load(tmp_path, white=white if white == 4095 else None, x=images, y=LABELS).splits["train"].images
    assert read[0, 0, 0].tolist() == [255] * 3
    assert np.array_equal(read[1:], PHOTOS[1:])
    if dtype != np.uint16:
        assert read[0, 0, 1].tolist() == [0] * 3


def test_a_white_above_255_is_not_that_of_bytes(tmp_path):
    assert np.array_equal(load(tmp_path, white=4095, x=PHOTOS, y=LABELS).splits["train"].images, PHOTOS)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_dark_images_are_told_of_and_kept(tmp_path, dtype):
    notices = []
    np.savez(tmp_path / "pets.npz", x=two(0, 100, dtype), y=LABELS)
    read = arrays.load(tmp_path / "pets.npz", notice=notices.append).splits["train"].images
    assert read.max() == 100
    assert "data.image.white: 100, if that is white" in notices[0]


def test_bright_images_are_not_told_of(tmp_path):
    np.savez(tmp_path / "pets.npz", x=PHOTOS, y=LABELS)
    assert arrays.load(tmp_path / "pets.npz", notice=pytest.fail).class_names


def two(low, high, dtype=np.float32):
    images = np.full((6, 4, 4), low, dtype)
    images[:, 1] = high
    return images


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (two(-1, 1), "pixels from -1 to 1, and black is 0"),
        (two(0, 3.5), "white could be 3.5 or 255"),
        (two(0, 1, np.int32), "white could be 1 or 255"),
        (two(0, 1, np.uint8), "white could be 1 or 255 | set the value of white, for example data.image.white: 1"),
        (two(0, 16, np.uint8), "white could be 16 or 255"),
        (two(0, 300), "pixels from 0 to 300, and white is 255 | set the value of white"),
        (two(0, 4000, np.uint16), "for example data.image.white: 4095"),
        (two(-2.5, 3), "save pixels as 0 to 255, or as fractions from 0 to 1"),
        (two(0, np.nan), "train image 0 has pixels that are not finite numbers"),
        (two(0, np.inf), "not finite numbers"),
        (two(0, 1, np.complex64), "images of the type complex64"),
        (np.full((6, 4, 4), "a"), "images of the type <U1"),
    ],
    ids=["negative", "in between", "whole", "bytes", "16", "beyond", "12 bits", "standard", "NaN", "inf", "i", "text"],
)
def test_numbers_that_are_no_pixels(tmp_path, images, words):
    assert words in message(tmp_path, x=images, y=LABELS)


def test_the_image_with_nan_is_named(tmp_path):
    images = PHOTOS / 255
    images[4, 2, 1, 0] = np.nan
    assert "train image 4 has pixels" in message(tmp_path, x=images, y=LABELS)


def test_more_images_than_are_looked_at_at_once(tmp_path):
    images = np.tile(GREY, (500, 1, 1)).astype(np.float32) / 255  # (3000, height, width)
    read = load(tmp_path, x=images, y=np.tile(LABELS, 500)).splits["train"].images
    assert np.array_equal(read[..., 0], np.tile(GREY, (500, 1, 1)))
    images[2999, 0, 0] = np.nan
    assert "train image 2999" in message(tmp_path, x=images, y=np.tile(LABELS, 500))


# ---------------------------------------------------------------- axes


def test_grey_needs_no_axis_for_it(tmp_path):
    assert np.array_equal(load(tmp_path, x=GREY, y=LABELS).splits["train"].images, GREY[..., None])


def test_channels_may_come_first(tmp_path):
    first = np.ascontiguousarray(PHOTOS.transpose(0, 3, 1, 2))
    assert np.array_equal(load(tmp_path, x=first, y=LABELS).splits["train"].images, PHOTOS)
    assert np.array_equal(load(tmp_path, x=first / 255, y=LABELS).splits["train"].images, PHOTOS)
    assert np.array_equal(load(tmp_path, x=GREY[:, None], y=LABELS).splits["train"].images, GREY[..., None])


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((6, 784), "has the shape (6, 784) | expected (images, height, width)"),
        ((6, 784), "; if each row is a square image, save array.reshape(-1, 28, 28)"),
        ((6, 3072), "save array.reshape(-1, 32, 32, 3)"),
        ((6, 5), "(images, height, width, channels), and at least one image"),
        ((6, 2, 5, 5, 3), "has the shape (6, 2, 5, 5, 3)"),
        ((6, 5, 5, 4), "no axis is 1 or 3 channels long"),
        ((6, 3, 5, 3), "either the second or the last axis may be the channels"),
        ((0, 5, 5, 3), "at least one image"),
    ],
)
def test_shapes_of_no_images(tmp_path, shape, words):
    assert words in message(tmp_path, x=np.zeros(shape, np.uint8), y=np.zeros(shape[0], np.int64))


def test_splits_of_different_sizes(tmp_path):
    said = message(tmp_path, x_train=PHOTOS, y_train=LABELS, x_test=PHOTOS[:, :4], y_test=LABELS)
    assert "train 5×4×3, test 4×4×3" in said


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.astype(np.uint8),
        LABELS.astype(np.float32),
        LABELS[:, None],
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
    ],
    ids=["int64", "uint8", "floats", "column", "one-hot", "one-hot of truth"],
)
def test_however_labels_are_written(tmp_path, labels):
    data = load(tmp_path, x=PHOTOS, y=labels)
    assert data.class_names == ("0", "1", "2")
    assert data.splits["train"].labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("dtype", ["U", "S"])
def test_labels_may_be_words(tmp_path, dtype):
    words = np.array(["item10", "cat", "item9"])[LABELS].astype(dtype)
    data = load(tmp_path, x=PHOTOS, y=words)
    assert data.class_names == ("cat", "item9", "item10")
    assert data.splits["train"].labels.tolist() == [1, 2, 0, 0, 2, 1]


def test_numbers_that_are_left_out_are_no_classes(tmp_path):
    data = load(tmp_path, x=PHOTOS, y=LABELS * 5 + 5)
    assert data.class_names == ("5", "10", "15")
    assert data.splits["train"].labels.tolist() == LABELS.tolist()


def test_labels_are_named_chosen_and_renamed(tmp_path):
    assert load(tmp_path, ["cat", "dog", "owl"], x=PHOTOS, y=LABELS).class_names == ("cat", "dog", "owl")
    chosen = load(tmp_path, ["2", "0"], x=PHOTOS, y=LABELS)
    assert chosen.class_names == ("2", "0")
    assert chosen.splits["train"].names == ("0", "1", "4", "5")
    assert chosen.splits["train"].labels.tolist() == [0, 1, 1, 0]
    assert load(tmp_path, {1: "dog", 0: "cat"}, x=PHOTOS, y=LABELS).class_names == ("dog", "cat")


@pytest.mark.parametrize(
    ("labels", "classes", "words"),
    [
        (LABELS - 1, None, "label 1 is -1"),
        (LABELS + 0.5, None, "label 0 is 2.5"),
        (np.where(LABELS == 1, np.nan, LABELS), None, "label 2 is nan"),
        (np.eye(3)[LABELS] * 0.9, None, "a one-hot label is a single 1 among zeros"),
        (np.ones((6, 3)), None, "label 0 is 1, 1, 1"),
        (np.zeros((6, 2, 2)), None, "expected whole numbers or words"),
        (np.array(["a", "b", " ", "a", "b", "a"]), None, "label 2 is empty"),
        (LABELS, ["cat", "dog"], "has the label 2, and data.classes names 2, from 0 on"),
        (LABELS, ["cat", "dog", "cat"], "data.classes has cat twice"),
        (LABELS, ["a", "b", "c", "d"], "no training image is of the class d"),
        (LABELS, ["0", "7"], "has no class 7"),
    ],
)
def test_labels_that_cannot_be(tmp_path, labels, classes, words):
    assert words in message(tmp_path, classes, x=PHOTOS, y=labels)


def test_arrays_of_other_names_are_told_of(tmp_path):
    data = load(tmp_path, x_train=PHOTOS, y_train=LABELS, x_extra=PHOTOS, y_extra=LABELS)
    assert [(one.reason, one.count) for one in data.unused] == [("other-arrays", 2)]
    assert "x_extra, y_extra" in data.unused[0].message


def test_a_label_that_training_does_not_know(tmp_path):
    data = load(tmp_path, x_train=PHOTOS, y_train=LABELS, x_test=PHOTOS, y_test=LABELS + 1)
    assert data.class_names == ("0", "1", "2")
    assert data.foreign == {"test": {"3": int((LABELS == 2).sum())}}
    test = data.splits["test"]
    assert test.names == tuple(str(index) for index in np.flatnonzero(LABELS + 1 < 3))
    assert test.labels.tolist() == [label for label in (LABELS + 1).tolist() if label < 3]


def test_a_label_that_training_does_not_know_may_be_left_out(tmp_path):
    data = load(tmp_path, [0, 2], x_train=PHOTOS, y_train=LABELS, x_test=PHOTOS, y_test=LABELS + 1)
    assert not data.foreign
    assert {one.reason for one in data.unused} == {"other-classes"}
    assert sum(one.count for one in data.unused) == int(
        (LABELS == 1).sum() + (LABELS + 1 == 1).sum() + (LABELS == 2).sum()
    )


# ---------------------------------------------------------------- files that are not what they say


class Bomb:
    exploded = False

    def __reduce__(self):
        return exec, (f"import {__name__} as here; here.Bomb.exploded = True",)


def test_nothing_is_unpickled(tmp_path):
    bombs = np.array([Bomb()] * 6)
    assert "holds pickled Python objects" in message(tmp_path, x=PHOTOS, y=bombs)
    (tmp_path / "pets.npz").write_bytes(pickle.dumps({"x": PHOTOS, "y": Bomb()}))
    with pytest.raises(DataError, match=r"cannot be read as an \.npz"):
        arrays.load(tmp_path / "pets.npz")
    (tmp_path / "photos.npy").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError, match="is not an array saved by NumPy"):
        arrays.load(tmp_path / "photos.npy", labels=tmp_path / "photos.npy")
    assert not Bomb.exploded


def header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": descr, "fortran_order": False, "shape": shape})
    return out.getvalue()


def test_a_header_that_promises_more_than_there_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header((10**9, 1000, 1000, 3)) + bytes(100))
        archive.writestr("y.npy", header((10**9,)) + bytes(100))
    with pytest.raises(DataError, match=r"bomb\.npz: x is damaged: .* takes 3,000,000,000,000,000 bytes"):
        arrays.load(tmp_path / "bomb.npz")


def test_what_does_not_fit_in_memory_is_not_read(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "big.npz", x=np.zeros((100, 100, 100, 3), np.uint8), y=np.arange(100) % 2)
    monkeypatch.setattr("cnncli.data.memory.available_memory", lambda: 2_000_000)
    monkeypatch.setattr("numpy.load", None)
    with pytest.raises(ResourceError, match=r"big\.npz holds arrays, 2\.9 MiB in memory"):
        arrays.load(tmp_path / "big.npz")


@pytest.mark.parametrize("broken", [b"{\0", b"{'descr',", b"(" * 100, b"\xff\n\n", b"[]"])
def test_a_header_that_is_none(tmp_path, broken):
    whole = header((6, 5, 4, 3))
    (tmp_path / "photos.npy").write_bytes(whole[:10] + broken + whole[10 + len(broken) :] + PHOTOS.tobytes())
    np.save(tmp_path / "kinds.npy", LABELS)
    with pytest.raises(DataError, match=r"photos\.npy is not an array saved by NumPy, or is damaged"):
        arrays.load(tmp_path / "photos.npy", labels=tmp_path / "kinds.npy")


@pytest.mark.parametrize("kept", [0, 5, 60, 300, -30, -1])
def test_half_a_file(tmp_path, kept):
    np.savez(tmp_path / "pets.npz", x=PHOTOS, y=LABELS)
    whole = (tmp_path / "pets.npz").read_bytes()
    (tmp_path / "pets.npz").write_bytes(whole[:kept])
    with pytest.raises(DataError, match=r"pets\.npz cannot be read as an \.npz"):
        arrays.load(tmp_path / "pets.npz")


def test_half_an_array(tmp_path):
    np.save(tmp_path / "photos.npy", PHOTOS)
    np.save(tmp_path / "kinds.npy", LABELS)
    whole = (tmp_path / "photos.npy").read_bytes()
    for kept, words in ((len(whole) - 1, "is damaged"), (20, "is not an array"), (0, "is not an array")):
        (tmp_path / "photos.npy").write_bytes(whole[:kept])
        with pytest.raises(DataError, match=words):
            arrays.load(tmp_path / "photos.npy", labels=tmp_path / "kinds.npy")


def test_a_flipped_bit_in_an_archive_is_noticed(tmp_path):
    np.savez_compressed(tmp_path / "pets.npz", x=PHOTOS, y=LABELS)
    data = bytearray((tmp_path / "pets.npz").read_bytes())
    data[300] ^= 1
    (tmp_path / "pets.npz").write_bytes(data)
    with pytest.raises(DataError, match=r"damaged|cannot be read"):
        arrays.load(tmp_path / "pets.npz")


def test_words_are_chosen_among_by_their_names(tmp_path):
    labels = np.array(["cat", "dog", "owl", "cat", "dog", "owl"])
    data = load(tmp_path, classes=["owl", "cat"], x=PHOTOS, y=labels)
    assert data.class_names == ("owl", "cat")
    assert data.splits["train"].labels.tolist() == [1, 0, 1, 0]
    assert "no class cow" in message(tmp_path, classes=["owl", "cow"], x=PHOTOS, y=labels)
