"""Two trained runs: digits from arrays in bfloat16, and two classes of files with one unit that gives a logit."""

import numpy as np
import pytest
from PIL import Image

DIGITS = """\
name: digits
data: {source: {arrays: {path: digits.npz}}, split: {validation: 100}}
model:
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
    - MaxPooling2D
    - BatchNormalization
    - Flatten
    - Dropout: {rate: 0.1}
    - Dense: {units: classes, activation: softmax}
train: {epochs: 2, batch_size: 25, precision: mixed_bfloat16, optimizer: {Adam: {learning_rate: 0.01}}}
"""

SHADES = """\
name: shades
data:
  source: {folder: {path: shades}}
  image: {size: [16, 16], color: rgb, resize: pad}
  standardize: featurewise
  split: {validation: 0.25, test: 0.25}
model:
  layers: [{Conv2D: {filters: 4, kernel_size: 3}}, GlobalAveragePooling2D, {Dense: {units: 1}}]
train: {epochs: 2, batch_size: 4, loss: {BinaryCrossentropy: {from_logits: true}}}
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder with both runs in `runs`; tests write into their `exports` only."""
    import cnncli
    from cnncli.data.sources.published import mnist

    folder = tmp_path_factory.mktemp("exported")
    images, labels, test_images, test_labels = mnist.arrays()
    few = {"x_train": images[:500], "y_train": labels[:500], "x_test": test_images[:200], "y_test": test_labels[:200]}
    np.savez(folder / "digits.npz", **few)
    noise = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / "shades" / name).mkdir(parents=True)
        for number in range(12):
            pixels = noise.integers(level - 50, level + 50, (20 + number, 24, 3)).astype(np.uint8)
            suffix = "jpg" if number % 2 else "png"
            Image.fromarray(pixels).save(folder / "shades" / name / f"{number}.{suffix}")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cnncli.train(cnncli.load_spec(DIGITS))
        cnncli.train(cnncli.load_spec(SHADES))
    return folder


@pytest.fixture
def run(place, monkeypatch):
    """Opens one of the runs: `run("digits")`."""
    import cnncli

    monkeypatch.chdir(place)
    return lambda name: cnncli.open_run(f"runs/{name}-001")
