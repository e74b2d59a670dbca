"""Keras' own file, to go on with in Python."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.export.program import Runtime

if TYPE_CHECKING:
    import keras

RUNTIME = Runtime(
    imports="import keras",
    load='NETWORK = keras.models.load_model(Path(__file__).with_name(MODEL["file"]), compile=False)',
    classify='return NETWORK.predict_on_batch(pixels)["probabilities"]',
)


def write(network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
    """Writes a network of Keras' own layers, and without the time, so that the same network gives the same bytes."""
    written = path.with_name("dated.keras")
    network.save(written)
    with zipfile.ZipFile(written) as dated, zipfile.ZipFile(path, "w") as timeless:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name == "metadata.json":
                facts = {key: value for key, value in json.loads(content).items() if key != "date_saved"}
                content = json.dumps(facts).encode()
            elif name == "config.json":
                content = json.dumps(_of_keras(json.loads(content))).encode()
            timeless.writestr(zipfile.ZipInfo(name), content)
    written.unlink()


def _of_keras(config: Any) -> Any:
    """The configuration of a network with Keras' layers in place of ours, which compute the same in other ways."""
    if isinstance(config, list):
        return [_of_keras(each) for each in config]
    if not isinstance(config, dict):
        return config
    if str(config.get("registered_name")).startswith("cnncli>"):
        if config["class_name"] == "ReverseChannels":
            flip = {"name": config["config"]["name"], "axis": -1}
            kept = {key: value for key, value in config.items() if key in ("name", "inbound_nodes")}
            return {
                "module": "keras.src.ops.numpy",
                "class_name": "Flip",
                "registered_name": "Flip",
                "config": flip,
            } | kept
        config = {**config, "module": "keras.layers", "registered_name": None}
    return {key: _of_keras(value) for key, value in config.items()}
