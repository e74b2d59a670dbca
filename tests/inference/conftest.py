"""One trained run in bfloat16, exported to LiteRT and ONNX; tests get a copy each, to change as they like."""

import shutil

import numpy as np
import pytest

DIGITS = """\
name: digits
data: {source: {arrays: {path: digits.npz}}, split: {validation: 100}}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, strides: 2, activation: relu}
    - Flatten
    - Dense: {units: classes, activation: softmax}
train: {epochs: 2, batch_size: 25, precision: mixed_bfloat16, optimizer: {Adam: {learning_rate: 0.01}}}
"""


@pytest.fixture(scope="session")
def exported_digits(tmp_path_factory):
    """A folder with `digits.npz` and the run in `runs`."""
    import cnncli
    from cnncli.data.sources.published import mnist

    folder = tmp_path_factory.mktemp("inference")
    images, labels, test_images, test_labels = mnist.arrays()
    few = {"x_train": images[:500], "y_train": labels[:500], "x_test": test_images[:150], "y_test": test_labels[:150]}
    np.savez(folder / "digits.npz", **few)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cnncli.train(cnncli.load_spec(DIGITS)).export("litert", "onnx")
    return folder


@pytest.fixture
def images():
    """150 digits: uint8, shape `(150, 28, 28, 1)`."""
    from cnncli.data.sources.published import mnist

    return mnist.arrays()[2][:150, :, :, None]


@pytest.fixture
def run(exported_digits, tmp_path, monkeypatch):
    """A copy of the run, opened."""
    import cnncli

    monkeypatch.chdir(exported_digits)
    shutil.copytree(exported_digits / "runs" / "digits-001", tmp_path / "digits-001")
    return cnncli.open_run(tmp_path / "digits-001")
