"""Keras' own file, to go on with in Python."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.export.program import Runtime

if TYPE_CHECKING:
    import keras

RUNTIME = Runtime(
    imports="import keras",
    load='NETWORK = keras.models.load_model(Path(__file__).with_name(MODEL["file"]), compile=False)',
    classify='return NETWORK.predict_on_batch(pixels)["probabilities"]',
)


def write(network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
    """Writes a network, without the time, so that the same network gives the same bytes."""
    written = path.with_name("dated.keras")
    network.save(written)
    with zipfile.ZipFile(written) as dated, zipfile.ZipFile(path, "w") as timeless:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name == "metadata.json":
                facts = {key: value for key, value in json.loads(content).items() if key != "date_saved"}
                content = json.dumps(facts).encode()
            timeless.writestr(zipfile.ZipInfo(name), content)
    written.unlink()
