"""TensorFlow's SavedModel, for TensorFlow Serving and programs in other languages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.export.program import Runtime

if TYPE_CHECKING:
    import keras

RUNTIME = Runtime(
    imports="import tensorflow",
    load='NETWORK = tensorflow.saved_model.load(Path(__file__).with_name(MODEL["file"]))',
    classify='return NETWORK.signatures["serving_default"](image=tensorflow.constant(pixels))["probabilities"].numpy()',
)


def write(network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
    """Writes a network, into a folder."""
    network.export(str(path), format="tf_saved_model", verbose=False)
    (path / "fingerprint.pb").unlink(missing_ok=True)  # it holds a random number, and nothing needs it
