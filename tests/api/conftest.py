"""A small MNIST, and a run that was trained on it: what the examples of the API use."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SPEC = """\
name: mnist
data:
  source: {arrays: {path: digits.npz}}
  split: {validation: 100}
model:
  layers:
    - MaxPooling2D: {pool_size: 2}
    - Flatten
    - Dropout: {rate: 0.1}
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 1
  batch_size: 25
  optimizer: {Adam: {learning_rate: 0.02}}
"""


def fill(folder: Path) -> Path:
    """Writes mnist.yaml, its images and digit.png into a folder."""
    from cnncli.data.sources.published import mnist

    images, labels, test_images, test_labels = mnist.arrays()
    few = {"x_train": images[:500], "y_train": labels[:500], "x_test": test_images[:100], "y_test": test_labels[:100]}
    np.savez(folder / "digits.npz", **few)
    Image.fromarray(test_images[0].reshape(28, 28)).save(folder / "digit.png")
    (folder / "mnist.yaml").write_text(SPEC)
    return folder


@pytest.fixture
def workplace(tmp_path, monkeypatch) -> Path:
    """The working directory: mnist.yaml, its images, and digit.png."""
    monkeypatch.chdir(fill(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def trained_workplace(tmp_path_factory) -> Path:
    """The same with a finished run, runs/mnist-001; nobody writes to it."""
    import cnncli

    folder = fill(tmp_path_factory.mktemp("workplace"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cnncli.train(cnncli.load_spec("mnist.yaml"))
    return folder


@pytest.fixture
def run(trained_workplace, monkeypatch):
    """The finished run, opened."""
    import cnncli

    monkeypatch.chdir(trained_workplace)
    return cnncli.open_run("runs/mnist-001")


@pytest.fixture
def example_folder(trained_workplace, tmp_path, monkeypatch) -> Path:
    """A copy of the folder with the finished run, as the working directory."""
    folder = shutil.copytree(trained_workplace, tmp_path / "example")
    monkeypatch.chdir(folder)
    return folder
