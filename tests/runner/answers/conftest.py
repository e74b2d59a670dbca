"""A run whose network is a line of NumPy, so that nothing of TensorFlow is needed, and images for it."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

import cnncli
from cnncli.runner.answers import parts, write

SPEC = """\
name: colors
data: {source: {folder: {path: colors}}}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1}
"""
CLASSES = ("blue, deep", "=green", "red")
IMAGES = 150


def most_common_color(images):
    """Probabilities by the mean of each channel, which also are the embeddings."""
    assert images.shape == (64, 6, 6, 3)  # always as many, whatever is asked for
    means = images.mean(axis=(1, 2), dtype=np.float64)[:, ::-1]  # (images, 3)
    raised = np.exp(means / 32)
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32), means.astype(np.float32)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """The folder of a run, as far as predictions look at it."""
    folder = tmp_path_factory.mktemp("runs") / "colors-001"
    (folder / "weights").mkdir(parents=True)
    (folder / "spec.yaml").write_text(SPEC)
    pixels = {"mean": 0.0, "border_mean": 0.0, "border_std": 10.0}
    record = {"class_names": CLASSES, "image": [6, 6, 3], "pixels": pixels, "counts": {}, "source": {}}
    (folder / "data.json").write_text(json.dumps(record))
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 200).astype(np.int32)
    logits = (random.normal(0, 1, (200, 3)) + np.eye(3)[labels]).astype(np.float32)
    places = np.arange(200, dtype=np.int32)
    np.savez(folder / "logits.npz", validation=logits, validation_labels=labels, validation_images=places)
    (folder / "metrics.json").write_text("{}")
    weights = folder / "weights" / "best.weights.h5"
    weights.write_bytes(b"numbers")
    (folder / "weights.sha256").write_text(f"{hashlib.sha256(b'numbers').hexdigest()}  weights/{weights.name}\n")
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Images in two folders, of which three cannot be read, and some are white."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        file = folder / ("a, b" if number % 3 else "c") / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        pixels = random.integers(0, 256, (6, 6, 3), np.uint8) if number % 50 else np.full((6, 6, 3), 255, np.uint8)
        Image.fromarray(pixels).save(file)
    for number in (2, 70, 141):
        file = next(folder.glob(f"*/{number}.png"))
        file.write_bytes(file.read_bytes()[:60])
    return folder


@pytest.fixture
def run(run_folder, monkeypatch):
    """The opened run; its parts have 64 images."""

    def open_network(run, computing, embeddings, images, notice):
        def compute(images):
            probabilities, means = most_common_color(images)
            return probabilities, means if embeddings else None

        return compute, "tensorflow"

    monkeypatch.setattr(write, "open_network", open_network)
    monkeypatch.setattr(parts, "PART_IMAGES", 64)
    return cnncli.open_run(run_folder)


@pytest.fixture
def contents():
    """The bytes of a file of answers and of all that is beside it, by the end of the name."""

    def read(out):
        return {file.name.removeprefix(out.name): file.read_bytes() for file in out.parent.glob(f"{out.name}*")}

    return read
