"""The weights that a training starts with: found, checked, loaded and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.catalog.weights import IMAGENET
from cnncli.data.sources.published.download import RemoteFile, fetch
from cnncli.factory.model import heads
from cnncli.factory.pretrained import load_backbone, load_imagenet, load_layers
from cnncli.notices import Notice
from cnncli.records import LoadedWeights
from cnncli.runner.inputs.preconditions import find_weights
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir, verified_weights
from cnncli.spec.backbones import is_backbone
from cnncli.spec.graph import Node
from cnncli.spec.schema import Model

if TYPE_CHECKING:
    import keras

LOADED_WEIGHTS = "weights/loaded.json"


def load_pretrained(
    spec_model: Model, model: keras.Model, class_names: tuple[str, ...], runs_folder: Path, notice: Notice
) -> tuple[LoadedWeights, ...]:
    """Loads the weights that a spec names: those of the model, then those of each backbone that is still untrained.

    Runs are looked up by name in `runs_folder`.

    Returns:
        What was loaded, by source.

    Raises:
        DataError: A file is missing or not a weights file, or none of its layers fits.
        RunError: A run is missing, or its weights were changed.
    """
    loaded = []
    already_loaded: set[str] = set()
    if spec_model.weights is not None:
        path, source, names = _file(spec_model.weights, runs_folder)
        other_heads = heads(spec_model.nodes) if names not in (None, class_names) else ()
        layers, unused = load_layers(model, path, other_heads)
        loaded.append(LoadedWeights(source, layers, unused))
        already_loaded = {layer.name for layer in loaded[0].loaded}
    for node in spec_model.nodes:
        if is_backbone(node.entry) and node.entry.get("weights") is not None and node.name not in already_loaded:
            loaded.append(_load_backbone(model, node, runs_folder, notice))
    return tuple(loaded)


def _load_backbone(model: keras.Model, node: Node, runs_folder: Path, notice: Notice) -> LoadedWeights:
    weights = node.entry.get("weights")
    if weights == IMAGENET:

        def fetched(name: str, url: str, digest: str) -> Path:
            file = RemoteFile(url, f"models/{name}", digest)
            return fetch([file], notice, "start with random weights: 'weights: null'")[0]

        return LoadedWeights(IMAGENET, (load_imagenet(model, node.name, node.entry, fetched),))
    path, source, _ = _file(weights, runs_folder)
    return LoadedWeights(source, (load_backbone(model, node.name, node.entry, path),))


def _file(weights: str | Mapping[str, str], runs_folder: Path) -> tuple[Path, str, tuple[str, ...] | None]:
    """The file that a spec names, the name of its source, and its classes where they are recorded."""
    source = find_weights(weights, runs_folder)
    if isinstance(source, RunDir):
        run = OpenRun(source)
        return verified_weights(source), str(run.path), run.class_names
    return source, str(source), None


def write_loaded(run: RunDir, weights: tuple[LoadedWeights, ...]) -> None:
    """Records in the run which layers were loaded."""
    loaded = []
    for each in weights:
        rows: list[dict[str, object]] = [
            {"name": layer.name, "parameters": layer.parameters, "loaded": not layer.why}
            | ({"why": layer.why} if layer.why else {})
            for layer in each.layers
        ]
        loaded.append({"from": each.source, "layers": rows, "unused": list(each.unused)})
    run.write_json(LOADED_WEIGHTS, {"loaded": loaded})
