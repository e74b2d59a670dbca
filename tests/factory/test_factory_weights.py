"""Weights come back to the layers they were saved from, and to no others."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from cnncli.errors import RunError
from cnncli.factory.weights import digest_of, load_weights, save_weights

pytestmark = pytest.mark.slow

LAYERS = {"Conv2D": {"filters": 4, "kernel_size": 3}}, "BatchNormalization", "Flatten", {"Dense": {"units": 10}}


def same(first, second) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_what_was_saved_is_what_is_loaded(build, tmp_path):
    path = tmp_path / "best.weights.h5"
    saved, other = build(*LAYERS, seed=0), build(*LAYERS, seed=1)
    assert not same(saved, other)
    save_weights(saved, path)
    load_weights(other, path)
    assert same(saved, other)


def test_the_memory_of_the_optimizer_is_not_saved(build, tmp_path):
    model = build("Flatten", {"Dense": {"units": 10}})
    save_weights(model, tmp_path / "before.weights.h5")
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(np.zeros((4, 28, 28, 1), np.uint8), np.zeros(4), verbose=0)
    save_weights(model, tmp_path / "after.weights.h5")
    before, after = ((tmp_path / f"{name}.weights.h5").stat().st_size for name in ("before", "after"))
    assert after == before
    trained, other = model, build("Flatten", {"Dense": {"units": 10}}, seed=1)
    load_weights(other, tmp_path / "after.weights.h5")
    assert same(trained, other)


def test_missing_weights_are_told(build, tmp_path):
    with pytest.raises(RunError, match="the run has no weights") as caught:
        load_weights(build(*LAYERS), tmp_path / "best.weights.h5")
    assert "first epoch" in caught.value.hint


@pytest.mark.parametrize(
    "layers",
    [
        ["Flatten", {"Dense": {"units": 10}}],
        [{"Conv2D": {"filters": 8, "kernel_size": 3}}, *LAYERS[1:]],
        [*LAYERS, {"Dense": {"units": 10}}],
        [LAYERS[0], *LAYERS[2:]],
        LAYERS[:3],
    ],
    ids=["others", "a larger one", "one more", "one less", "without the last"],
)
def test_the_weights_of_another_model_are_refused(build, tmp_path, layers):
    path = tmp_path / "best.weights.h5"
    save_weights(build(*LAYERS), path)
    with pytest.raises(RunError, match="does not hold the weights of this run's model"):
        load_weights(build(*layers), path)


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_file_is_refused_by_name(build, tmp_path, damage):
    path = tmp_path / "best.weights.h5"
    model = build(*LAYERS)
    save_weights(model, path)
    path.write_bytes({"cut": path.read_bytes()[:-2000], "empty": b"", "text": b"these are no weights"}[damage])
    with pytest.raises(RunError, match=r"best\.weights\.h5") as caught:
        load_weights(model, path)
    assert caught.value.message.isprintable()


def hostile(make):
    """Changes a file of weights that was good."""

    def spoil(path):
        with h5py.File(path, "a") as file:
            make(file)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (hostile(lambda file: file.__setitem__("more", h5py.SoftLink("/layers"))), "a link at 'more'"),
        (hostile(lambda file: file.create_dataset("more", data=np.ones(3))), "the model has no more"),
        (
            hostile(lambda file: file["layers/conv2d/vars/0"].__setitem__(..., np.inf)),
            "not finite numbers",
        ),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(99)), "not an HDF5 file"),
        (lambda path: path.rename(path.with_name("x")).with_name(path.name).symlink_to("x"), "a symbolic link"),
    ],
    ids=["link", "more", "infinite", "zip", "linked"],
)
def test_what_save_weights_does_not_write_is_not_loaded(build, tmp_path, spoil, reason):
    path = tmp_path / "best.weights.h5"
    save_weights(build(*LAYERS), path)
    spoil(path)
    model = build(*LAYERS, seed=1)
    with pytest.raises(RunError, match=reason):
        load_weights(model, path)


def test_a_digest_is_that_of_all_weights(build, tmp_path):
    model = build(*LAYERS)
    before, path = digest_of(model), tmp_path / "best.weights.h5"
    save_weights(model, path)
    others = [digest_of(model) for weight in model.weights if weight.assign(weight + 1) is not None]
    assert len({before, *others}) == 1 + len(model.weights)
    load_weights(model, path)
    assert digest_of(model) == before


def test_weights_of_another_type_are_refused(build, tmp_path):
    path = tmp_path / "best.weights.h5"
    save_weights(build(*LAYERS), path)
    with h5py.File(path, "a") as file:
        values = file["layers/conv2d/vars/1"][...]
        del file["layers/conv2d/vars/1"]
        file["layers/conv2d/vars/1"] = values.astype(np.float64)
    with pytest.raises(RunError, match=r"conv2d array 1 is of float64, the model's of float32"):
        load_weights(build(*LAYERS), path)
