"""A checkpoint holds all of a training, is written whole, and believes nothing that it reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnncli.errors import ResourceError, RunError
from cnncli.records import Epoch
from cnncli.runner.training.checkpoint import TrainingState, read_checkpoint, read_progress, write_checkpoint
from cnncli.runs import writing

EPOCHS = (
    Epoch(1, {"loss": 0.1 + 0.2, "val_loss": float("nan")}, 1e-3, 1.5),
    Epoch(2, {"loss": 1 / 3, "val_loss": 0.5}, 1e-3, 1.25),
)
ARRAYS = {
    "model/0000/dense_1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "model/0001/seed_generator/seed_generator_state": np.array([7, 2**32 - 1], np.uint32),
    "optimizer/0000/iteration": np.array(12, np.int64),
}
STATE = TrainingState(
    epochs=EPOCHS,
    best=2,
    steps=3,
    seconds=0.7,
    callbacks=({"name": "EarlyStopping", "wait": 1, "best": 0.1 + 0.2, "best_epoch": None, "baseline": float("inf")},),
    arrays=ARRAYS,
)


def expected(metrics: bool) -> Any:
    return {name: np.zeros_like(array) for name, array in ARRAYS.items()}, {"callbacks/0/0000": np.zeros(2, np.float32)}


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "state.npz"
    write_checkpoint(path, STATE)
    return path


def test_what_is_read_is_what_was_written_to_the_last_bit(file):
    found = read_checkpoint(file, expected)
    assert repr(found.epochs) == repr(EPOCHS)  # also the number that is none
    assert (found.best, found.steps, found.seconds, found.callbacks) == (2, 3, 0.7, STATE.callbacks)
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found.arrays[name], array, strict=True)
    assert repr(read_progress(file)) == repr(TrainingState(**{**vars(STATE), "arrays": {}}))


def test_the_same_state_gives_the_same_bytes_and_numpy_reads_its_arrays(file, tmp_path):
    write_checkpoint(tmp_path / "again.npz", STATE)
    assert (tmp_path / "again.npz").read_bytes() == file.read_bytes()
    with np.load(file, allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["model/0000/dense_1/kernel"], ARRAYS["model/0000/dense_1/kernel"])


def with_members(path: Path, compression: int = zipfile.ZIP_STORED, **changed: bytes | None) -> Path:
    """A copy of the file with members exchanged, added or (None) left out."""
    names = {"record": "training.json", "kernel": "model/0000/dense_1/kernel.npy", "added": "model/0009/x.npy"}
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {names[key]: content for key, content in changed.items()}  # type: ignore[dict-item]
    other = path.with_name("other.npz")
    with zipfile.ZipFile(other, "w", compression) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)
    return other


def npy(array: np.ndarray, header: tuple[int, ...] | None = None, pickled: bool = False) -> bytes:
    """A member; with another shape in its header than it has numbers for."""
    import io

    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=pickled)
    content = stream.getvalue()
    if header:
        before, after = repr(array.shape).encode(), repr(header).encode()
        content = content.replace(before + b", }" + b" " * (len(after) - len(before)), after + b", }")
    return content


class Canary:
    """Does something when it is unpickled."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("canary"),)


BROKEN = {
    "no zip": lambda path: path.with_name("x").write_bytes(b"nonsense") and path.with_name("x"),
    "cut off": lambda path: path.with_name("x").write_bytes(path.read_bytes()[:-100]) and path.with_name("x"),
    "a bit": lambda path: flipped(path),
    "missing array": lambda path: with_members(path, kernel=None),
    "added array": lambda path: with_members(path, added=npy(np.zeros(3))),
    "packed": lambda path: with_members(path, zipfile.ZIP_DEFLATED),
    "other shape": lambda path: with_members(path, kernel=npy(np.zeros((3, 2), np.float32))),
    "other type": lambda path: with_members(path, kernel=npy(np.zeros((2, 3), np.int32))),
    "a bomb": lambda path: with_members(path, kernel=npy(np.zeros((2, 3), np.float32), (10**6, 10**6))),
    "too large": lambda path: with_members(path, kernel=npy(np.zeros((2, 3), np.float32)) + bytes(10_000)),
    "pickled": lambda path: with_members(path, kernel=npy(np.array([Canary()], object), pickled=True)),
    "no record": lambda path: with_members(path, record=None),
    "no json": lambda path: with_members(path, record=b"{"),
    "a list": lambda path: with_members(path, record=b"[]"),
    "deep": lambda path: with_members(path, record=b"[" * 100_000),
    "another version": lambda path: with_members(path, record=b'{"format": 99}'),
    "nothing said": lambda path: with_members(path, record=b'{"format": 1}'),
    "text for a number": lambda path: with_members(path, record=record(b'"steps": 3', b'"steps": "3"', path)),
    "text in a metric": lambda path: with_members(
        path, record=record(b'"val_loss": 0.5', b'"val_loss": "[red]"', path)
    ),
    "a rate without end": lambda path: with_members(
        path, record=record(b'"learning_rate": 0.001', b'"learning_rate": 1' + b"0" * 400, path)
    ),
    "a metric without end": lambda path: with_members(
        path, record=record(b'"val_loss": 0.5', b'"val_loss": 1' + b"0" * 400, path)
    ),
    "seconds without end": lambda path: with_members(
        path, record=record(b'"seconds": 0.7', b'"seconds": 1' + b"0" * 400, path)
    ),
    "infinite seconds": lambda path: with_members(path, record=record(b'"seconds": 0.7', b'"seconds": 1e999', path)),
    "text for yes or no": lambda path: with_members(path, record=record(b'"stopped": false', b'"stopped": "no"', path)),
    "text for a callback": lambda path: with_members(
        path, record=record(b'"callbacks": [', b'"callbacks": ["x", ', path)
    ),
    "text in a callback": lambda path: with_members(path, record=record(b'"wait": 1', b'"wait": "1"', path)),
    "a callback without end": lambda path: with_members(
        path, record=record(b'"wait": 1', b'"wait": 1' + b"0" * 400, path)
    ),
    "a best that is not": lambda path: with_members(path, record=record(b'"best": 2', b'"best": 7', path)),
    "unknown key": lambda path: with_members(path, record=record(b'"best": 2', b'"best": 2, "code": "x"', path)),
}


def record(old: bytes, new: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        content = archive.read("training.json")
    assert old in content
    return content.replace(old, new)


def flipped(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    place = content.index(ARRAYS["model/0000/dense_1/kernel"].tobytes())
    content[place + 5] ^= 1
    path.with_name("x").write_bytes(content)
    return path.with_name("x")


@pytest.mark.parametrize("stages", [(2, 1, 2), (1, 2, 1), (-1, 0, 0), (1, 1.5, 2)])
def test_stages_that_go_backwards_are_refused(tmp_path, stages):
    first, second, now = stages
    epochs = (replace(EPOCHS[0], stage=first), replace(EPOCHS[1], stage=second))
    write_checkpoint(tmp_path / "state.npz", replace(STATE, epochs=epochs, stage=now))
    with pytest.raises(RunError, match=r"is damaged: training\.json"):
        read_progress(tmp_path / "state.npz")


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_not_of_this_training_is_refused(file, breaking, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"is damaged: \S"):
        read_checkpoint(breaking(file), expected)
    assert not Path("canary").exists()


def test_a_file_that_is_missing_or_elsewhere_is_told(file, tmp_path):
    with pytest.raises(RunError, match=r"nothing\.npz' is missing"):
        read_checkpoint(tmp_path / "nothing.npz", expected)
    (tmp_path / "link.npz").symlink_to(file)
    with pytest.raises(RunError, match="points outside the run"):
        read_checkpoint(tmp_path / "link.npz", expected)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk, which root may")
def test_a_full_disk_loses_no_earlier_file(tmp_path):
    from cnncli.factory.weights import save_weights
    from cnncli.startup import keras

    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(place)], check=False).returncode:
        pytest.skip("may not mount here")
    model = keras.Sequential([keras.Input((300,)), keras.layers.Dense(300)])
    large = TrainingState(arrays={"model/0000/a/kernel": np.zeros((300, 300), np.float32)})
    writers = {
        "best.weights.h5": lambda path: save_weights(model, path),
        "x.npz": lambda path: write_checkpoint(path, large),
    }
    try:
        for name, write in writers.items():
            (place / name).write_bytes(b"earlier")
            with pytest.raises(ResourceError, match="No space left") as caught, writing(place / name) as aside:
                write(aside)
            assert "free some space" in caught.value.hint
            assert [path.name for path in place.iterdir()] == [name]
            assert (place / name).read_bytes() == b"earlier"
            (place / name).unlink()
    finally:
        subprocess.run(["umount", str(place)], check=True)
        shutil.rmtree(place)
