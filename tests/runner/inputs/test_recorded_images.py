"""An evaluation finds the images that it measures, and needs no others."""

from __future__ import annotations

import re
import shutil
import struct
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cnncli.errors import DataError

pytestmark = pytest.mark.slow

RENAMED = "data.classes={red: warm, green: cold, blue: cold}"
NOT_VALIDATED = "data.split={validation: 0}"
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 5, 5), np.uint8)


def write_arrays(kind, place, images, labels):
    """An `.npz`, or for `npy` a folder."""
    arrays = {f"x_{split}": of / 255 if kind == "fractions" else of for split, of in images.items()}
    arrays |= {f"y_{split}": of for split, of in labels.items()}
    if kind != "npy":
        with place.open("wb") as file:
            np.savez(file, **arrays)
        return
    place.mkdir()
    for name, array in arrays.items():
        np.save(place / f"{name}.npy", array)


def write_idx(place, images, labels):
    place.mkdir()
    for kind, arrays in (("images", images), ("labels", labels)):
        for split, array in arrays.items():
            name = f"{'train' if split == 'train' else 't10k'}-{kind}-idx{array.ndim}-ubyte"
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (place / name).write_bytes(head + array.astype(np.uint8).tobytes())


def write_cifar(place, number) -> list[Path]:
    """CIFAR-10 or CIFAR-100 with an image of each class in each file; the files of the training images."""
    place.mkdir()
    random = np.random.default_rng(0)
    kinds = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    words = kinds + [f"class{index}" for index in range(10, number)]
    (place / ("batches.meta.txt" if number == 10 else "fine_label_names.txt")).write_text("\n".join(words))
    rows = random.integers(0, 256, (number, 3072 + (1 if number == 10 else 2)), np.uint8)
    rows[:, 0 if number == 10 else 1] = np.arange(number)
    train = [f"data_batch_{index}.bin" for index in range(1, 6)] if number == 10 else ["train.bin"]
    for name in (*train, "test_batch.bin" if number == 10 else "test.bin"):
        (place / name).write_bytes(rows.tobytes())
    return [place / name for name in train]


def splits_of(spec, run, *needed):
    from cnncli.runner.inputs.image_manifest import recorded_splits
    from cnncli.runner.open_run import OpenRun

    return recorded_splits(spec.data, spec.seed, OpenRun(run).data_record, run.path, needed=needed)


def require_the_same(spec, run, splits):
    found, before = splits_of(spec, run, "test").samples["test"], splits.samples["test"]
    assert (found.names, found.labels.tolist()) == (before.names, before.labels.tolist())
    assert np.array_equal(found.images, before.images)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("classes", ["data.classes=null", RENAMED])
def test_files_of_other_splits_may_be_gone(record, folder_spec, squares, split, classes):
    spec = folder_spec(classes)
    run, splits, _ = record(spec)
    kept = set(splits.samples[split].names)
    for path in squares.glob("*/*"):
        if path.relative_to(squares).as_posix() not in kept:
            path.unlink()
    found = splits_of(spec, run, split).samples[split]
    assert (found.names, found.labels.tolist()) == (
        splits.samples[split].names,
        splits.samples[split].labels.tolist(),
    )
    assert np.array_equal(found.read(np.arange(len(found))), splits.samples[split].read(np.arange(len(found))))
    other = next(other for other in splits.samples if other != split)
    with pytest.raises(DataError, match=f"{other} images of this run are missing"):
        splits_of(spec, run, other)


def test_folders_of_other_splits_may_be_gone(record, folder_spec, own_splits):
    spec = folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}", "data.split={validation: 6}")
    run, splits, _ = record(spec)
    shutil.rmtree(own_splits / "train")
    assert splits_of(spec, run, "test").samples["test"].names == splits.samples["test"].names


@pytest.mark.parametrize("moved", ["the table is there", "only the images are there"])
def test_of_a_table_as_well(record, folder_spec, table, squares, moved):
    spec = folder_spec(f"data.source={{csv: {{path: {table}}}}}")
    run, splits, _ = record(spec)
    kept = set(splits.samples["test"].names)
    for path in squares.glob("*/*"):
        if path.relative_to(squares).as_posix() not in kept:
            path.unlink()
    if moved == "only the images are there":
        table.unlink()
    assert splits_of(spec, run, "test").samples["test"].names == splits.samples["test"].names


def test_a_test_that_validates_is_needed_for_the_validation(record, folder_spec, squares):
    spec = folder_spec("data.split={validation: test, test: 12}")
    run, splits, _ = record(spec)
    for name in splits.samples["train"].names:
        (squares / name).unlink()
    assert splits_of(spec, run, "validation").samples["validation"].names == splits.samples["test"].names
    (squares / splits.samples["test"].names[0]).unlink()
    with pytest.raises(DataError, match="test images of this run are missing"):
        splits_of(spec, run, "validation")


@pytest.mark.parametrize("classes", ["null", "[red, blue]", "['1', '0']", "{'0': '1', '1': '0'}"])
@pytest.mark.parametrize("kind", ["npz", "npy", "fractions", "idx"])
def test_arrays_of_other_splits_may_be_gone(record, folder_spec, tmp_path, kind, classes):
    """Also when all that is left is of one class, and dark."""
    place = tmp_path / "data"
    write = write_idx if kind == "idx" else partial(write_arrays, kind)
    labels = {"train": np.arange(12) % 2, "test": np.zeros(4, int)}
    images = {split: IMAGES[: len(of)] // (1 if split == "train" else 16) for split, of in labels.items()}
    write(place, images, labels)
    source = "idx" if kind == "idx" else "arrays"
    spec = folder_spec(
        f"data.source={{{source}: {{path: {place}}}}}",
        f"data.classes={classes}",
        "data.image.size=null",
        NOT_VALIDATED,
    )
    run, splits, _ = record(spec)
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    write(place, {"test": images["test"]}, {"test": labels["test"]})
    require_the_same(spec, run, splits)
    with pytest.raises(DataError, match=r"no (file of the )?train"):
        splits_of(spec, run, "train")


@pytest.mark.parametrize("number", [10, 100])
@pytest.mark.parametrize("classes", ["null", "{bird: b, dog: d}"])
def test_batches_of_cifar_may_be_gone(record, folder_spec, tmp_path, number, classes):
    place = tmp_path / "data"
    train = write_cifar(place, number)
    spec = folder_spec(f"data.source={{cifar: {{path: {place}}}}}", f"data.classes={classes}", NOT_VALIDATED)
    run, splits, _ = record(spec)
    train[-1].unlink()
    require_the_same(spec, run, splits)
    for path in train[:-1]:
        path.unlink()
    require_the_same(spec, run, splits)
    with pytest.raises(DataError, match=re.escape(train[0].name)):
        splits_of(spec, run, "train")


@pytest.mark.parametrize(("train", "test"), [(255.0, 1.0), (0.5, 1)])
def test_what_is_white_is_what_it_was_with_all_splits(record, folder_spec, tmp_path, train, test):
    """Of zeros and ones alone nobody knows."""
    place = tmp_path / "data.npz"
    ones = IMAGES[:4] % 2
    images = {"train": IMAGES[4:8] % 2 * train, "test": ones * test}
    labels = dict.fromkeys(images, np.arange(4) % 2)
    write_arrays("npz", place, images, labels)
    spec = folder_spec(f"data.source={{arrays: {{path: {place}}}}}", "data.image.size=null", NOT_VALIDATED)
    run, splits, _ = record(spec)
    np.savez(place, x_test=images["test"], y_test=labels["test"])
    require_the_same(spec, run, splits)


def test_a_split_that_is_gone_is_named(record, folder_spec, tmp_path):
    place = tmp_path / "data.npz"
    labels = {split: np.arange(4) % 2 for split in ("train", "test")}
    write_arrays("npz", place, dict.fromkeys(labels, IMAGES[:4]), labels)
    spec = folder_spec(f"data.source={{arrays: {{path: {place}}}}}", "data.image.size=null", NOT_VALIDATED)
    run, *_ = record(spec)
    np.savez(place, x_val=IMAGES[:4], y_val=labels["test"])
    with pytest.raises(DataError, match=r"data\.npz has no test images; it has x_val, y_val"):
        splits_of(spec, run, "test")


def test_splits_that_a_file_divided_may_be_gone(record, folder_spec, tmp_path):
    place, table = tmp_path / "data.npz", tmp_path / "split.csv"
    labels = {split: np.arange(4) % 2 for split in ("train", "test")}
    write_arrays("npz", place, {"train": IMAGES[:4], "test": IMAGES[4:8]}, labels)
    uses = {"train": ["train", "train", "validation", "validation"], "test": ["test"] * 4}
    lines = [f"{split}/{number},{use}" for split in labels for number, use in enumerate(uses[split])]
    table.write_text("\n".join(["image,split", *lines]) + "\n")
    spec = folder_spec(
        f"data.source={{arrays: {{path: {place}}}}}", f"data.split={{file: {table}}}", "data.image.size=null"
    )
    run, splits, _ = record(spec)
    np.savez(place, x_test=IMAGES[4:8], y_test=labels["test"])
    require_the_same(spec, run, splits)


def test_a_class_more_in_an_array_changes_nothing(record, folder_spec, tmp_path):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (30, 5, 5), np.uint8), np.arange(30) % 2
    np.savez(tmp_path / "a.npz", x=images, y=labels)
    spec = folder_spec(f"data.source={{arrays: {{path: {tmp_path / 'a.npz'}}}}}", "data.image.size=null")
    run, splits, _ = record(spec)
    np.savez(tmp_path / "a.npz", x=np.concatenate([images, images[:2]]), y=np.append(labels, [2, 2]))
    found = splits_of(spec, run, "test")
    assert found.class_names == splits.class_names
    assert found.samples["test"].labels.tolist() == splits.samples["test"].labels.tolist()
