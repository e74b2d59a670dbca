"""A training begins with the weights of an earlier run, loads what fits, and needs that run no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from cnncli.errors import DataError, RunError
from cnncli.observer import TrainingObserver
from cnncli.runner.open_run import OpenRun
from cnncli.spec import load

pytestmark = pytest.mark.slow

DIGITS = """\
name: {name}
seed: 1
data:
  source: {{arrays: {{path: {path}}}}}
  split: {{test: {test}, validation: 0}}
model:
  layers:
    - Conv2D: {{filters: 16, kernel_size: 3, padding: same, activation: relu}}
    - MaxPooling2D
    - Conv2D: {{filters: 32, kernel_size: 3, padding: same, activation: relu, repeat: 2}}
    - GlobalMaxPooling2D
    - BatchNormalization: {{momentum: 0.8}}
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 4, batch_size: 16, optimizer: {{Adam: {{learning_rate: 0.003}}}}}}
"""


def write_digits(path: Path, classes: range, copies: int, seed: int) -> Path:
    """Handwritten digits of 8×8 pixels anywhere in a noisy picture of 20×20."""
    from sklearn.datasets import load_digits

    random, digits = np.random.default_rng(seed), load_digits()
    chosen = np.tile(np.flatnonzero(np.isin(digits.target, classes)), copies)
    images = random.integers(0, 60, (len(chosen), 20, 20))
    for image, index in zip(images, chosen, strict=True):
        y, x = random.integers(0, 13, 2)
        window = image[y : y + 8, x : x + 8]
        np.maximum(window, digits.images[index] / 16 * 255, out=window, casting="unsafe")
    np.savez(path, images=images[..., None].astype(np.uint8), labels=digits.target[chosen])
    return path


class Teller(TrainingObserver):
    """Records the weights that a training started from."""

    def __init__(self) -> None:
        self.weights = []

    def on_weights_loaded(self, weights) -> None:
        self.weights.append(weights)


@pytest.fixture(scope="module")
def train():
    from cnncli.runner.train import train

    return train


def run_of_digits(folder, train, copies, *overrides):
    low = write_digits(folder / "low.npz", range(5), copies, 0)
    write_digits(folder / "high.npz", range(5, 10), 1, 1)
    spec = folder / "low.yaml"
    spec.write_text(DIGITS.format(name="low", path=low, test=0.1))
    return train(load(spec, overrides).spec, folder / "runs", [Teller()])


@pytest.fixture(scope="module")
def digits(tmp_path_factory, train):
    """A run that tells 0 to 4 apart, and its folder."""
    folder = tmp_path_factory.mktemp("digits")
    trained = run_of_digits(folder, train, 2)
    assert trained.evaluation.metrics["accuracy"] > 0.9
    return folder, trained.run


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The same after one epoch of half the images and without a report, which is enough to be refused."""
    from cnncli.runner.train import train_into
    from cnncli.runner.training.observers import Observers
    from cnncli.runs import RunDir

    def briefly(spec, runs_dir, observers):
        claim = lambda: RunDir.claim(runs_dir, spec.name).locked()  # noqa: E731
        return train_into(claim, spec, runs_dir, Observers(observers), (), evaluates=False)

    folder = tmp_path_factory.mktemp("begun")
    return folder, run_of_digits(folder, briefly, 1, "train.epochs=1", "train.batch_size=64").run


def tuned(folder, *overrides):
    file = folder / "high.yaml"
    file.write_text(DIGITS.format(name="high", path=folder / "high.npz", test=0.95))
    return load(file, overrides).spec


@pytest.fixture(scope="module")
def better(digits, train):
    """A training on other classes that begins with the run, and who watched it."""
    folder, run = digits
    told = Teller()
    return train(tuned(folder, f"model.weights={{run: {run.path}}}"), folder / "runs", [told]), told


@pytest.mark.exhaustive
def test_fine_tuning_on_other_classes_loads_all_but_the_head_and_beats_a_training_from_the_beginning(
    digits, better, train
):
    from cnncli.runner.evaluate import evaluate

    folder, run = digits
    better, told = better
    (weights,) = told.weights
    assert weights.source == str(run.path)
    assert [(layer.name, layer.why) for layer in weights.layers] == [
        ("conv2d_1", ""),
        ("conv2d_2", ""),
        ("conv2d_3", ""),
        ("batch_normalization_1", ""),
        ("dense_1", "its outputs are other classes there"),
    ]
    (record,) = json.loads((better.run.path / "weights" / "loaded.json").read_text())["loaded"]
    assert record["from"] == str(run.path)
    assert [layer["loaded"] for layer in record["layers"]] == [True] * 4 + [False]

    fresh = train(tuned(folder), folder / "runs", [told])
    assert len(told.weights) == 1
    assert not (fresh.run.path / "weights" / "loaded.json").exists()
    gain = better.evaluation.metrics["accuracy"] - fresh.evaluation.metrics["accuracy"]
    assert gain > 0.03  # 0.10 where it was measured

    # nothing but its own folder is needed from now on
    moved = folder / "elsewhere"
    shutil.move(run.path, moved)
    try:
        evaluation = evaluate(OpenRun(better.run), "test")
        assert evaluation.metrics == better.evaluation.metrics
    finally:
        shutil.move(moved, run.path)


@pytest.mark.exhaustive
def test_a_run_stopped_in_the_middle_goes_on_without_the_run_it_began_with(digits, better, train, watcher, monkeypatch):
    from comparison import resume

    from cnncli.errors import Interrupted
    from cnncli.runs import RunDir

    folder, run = digits
    monkeypatch.chdir(folder)
    spec = tuned(folder, "model.weights={run: runs/low-001}", "name=stopped", "train.checkpoint.steps=1")
    with pytest.raises(Interrupted):
        train(spec, folder / "runs", [watcher(stop=(2, 1))])
    stopped = RunDir(folder / "runs" / "stopped-001")
    assert yaml.safe_load(stopped.spec.read_text())["model"]["weights"] == {"run": str(run.path)}
    moved = folder / "elsewhere"
    shutil.move(run.path, moved)
    try:
        resumed = resume(stopped, [Teller()])
    finally:
        shutil.move(moved, run.path)
    assert resumed.run.best_weights.read_bytes() == better[0].run.best_weights.read_bytes()


@pytest.mark.exhaustive
def test_the_run_it_began_with_is_the_one_beside_it_wherever_it_is_reproduced(digits, better, tmp_path, monkeypatch):
    from cnncli.runner.reproduce import reproduce
    from cnncli.runs import RunDir

    _, low = digits
    shutil.copytree(low.path, tmp_path / "runs" / "low-001")
    run = RunDir(shutil.copytree(better[0].run.path, tmp_path / "runs" / "high-001"))
    run.spec.write_text(run.spec.read_text().replace(str(low.path), "low-001"))
    monkeypatch.chdir(tmp_path)
    result = reproduce(OpenRun(run), tmp_path / "elsewhere", [Teller()])
    assert (result.difference, result.again) == ("", str(tmp_path / "elsewhere" / "high-001"))


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ("{run: nowhere-001}", RunError, "there is no run 'nowhere-001'"),
        ("nowhere.h5", DataError, "the weights file 'nowhere.h5' does not exist: no such file"),
        ("FOLDER/low.yaml.h5", DataError, "it is not an HDF5 file"),
        ("FOLDER/folder.h5", DataError, "is a folder: write {run: FOLDER} for a run"),
    ],
)
def test_weights_that_cannot_be_had_are_told_before_there_is_a_run(begun, train, weights, error, message):
    folder, _ = begun
    (folder / "folder.h5").mkdir(exist_ok=True)
    shutil.copy(folder / "low.yaml", folder / "low.yaml.h5")
    before = sorted((folder / "runs").iterdir())
    with pytest.raises(error) as caught:
        train(tuned(folder, f"model.weights={weights.replace('FOLDER', str(folder))}"), folder / "runs", [Teller()])
    assert message in caught.value.message
    assert sorted((folder / "runs").iterdir()) == before


def test_a_run_whose_weights_were_changed_is_refused(begun, train, tmp_path):
    folder, run = begun
    shutil.copytree(run.path, tmp_path / "changed")
    with h5py.File(tmp_path / "changed" / "weights" / "best.weights.h5", "r+") as file:
        file["layers/dense/vars/1"][0] += 1
    with pytest.raises(RunError, match="is not what the training wrote"):
        train(tuned(folder, f"model.weights={{run: {tmp_path / 'changed'}}}"), folder / "runs", [Teller()])
