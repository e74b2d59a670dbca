"""The weights that a training begins with: found, checked, loaded, and written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.catalog.weights import IMAGENET
from cnncli.data.sources.download import RemoteFile, fetch
from cnncli.factory.model import heads
from cnncli.factory.pretrained import load_backbone, load_imagenet, load_layers
from cnncli.records import LoadedLayer, LoadedWeights
from cnncli.runner.inputs.data_record import read_data_record
from cnncli.runner.inputs.preconditions import find_weights
from cnncli.runner.weights import verified_weights
from cnncli.runs import RunDir
from cnncli.spec.backbones import is_backbone
from cnncli.spec.graph import Node
from cnncli.spec.schema import Spec

if TYPE_CHECKING:
    import keras

Load = Callable[["keras.Model"], tuple[LoadedWeights, ...]]
Notice = Callable[[str], None]

RECORD = "weights/loaded.json"
_SHA256 = 64
"""Digits; an MD5 has half of them."""


def load_pretrained(
    spec: Spec, model: keras.Model, class_names: tuple[str, ...], runs_folder: Path, notice: Notice
) -> tuple[LoadedWeights, ...]:
    """Loads what a spec asks for: first the weights of the model, then those of each backbone that they left out.

    Args:
        spec: as checked.
        model: of the spec, with initial weights.
        class_names: in the order of its outputs.
        runs_folder: where runs are looked for by name.
        notice: is told of downloads.

    Returns:
        What was loaded, by source.

    Raises:
        DataError: a file cannot be had, is none of weights, or no layer of it fits.
        RunError: a run is not there, or its weights are not those that its training wrote.
    """
    loaded = []
    held: set[str] = set()
    if spec.model.weights is not None:
        path, source, names = _file(spec.model.weights, runs_folder)
        others = heads(spec.model.nodes) if names not in (None, class_names) else ()
        layers, unused = load_layers(model, path, others)
        loaded.append(LoadedWeights(source, layers, unused))
        held = {layer.name for layer in loaded[0].loaded}
    for node in spec.model.nodes:
        if is_backbone(node.entry) and node.entry.get("weights") is not None and node.name not in held:
            loaded.append(_load_backbone(model, node, runs_folder, notice))
    return tuple(loaded)


def _load_backbone(model: keras.Model, node: Node, runs_folder: Path, notice: Notice) -> LoadedWeights:
    weights = node.entry.get("weights")
    if weights == IMAGENET:

        def fetched(name: str, url: str, digest: str) -> Path:
            sha256, md5 = (digest, "") if len(digest) == _SHA256 else ("", digest)
            file = RemoteFile(url, f"models/{name}", sha256, md5=md5)
            return fetch([file], notice, "begin with new weights: 'weights: null'")[0]

        return LoadedWeights(IMAGENET, (load_imagenet(model, node.name, node.entry, fetched),))
    path, source, _ = _file(weights, runs_folder)
    return LoadedWeights(source, (load_backbone(model, node.name, node.entry, path),))


def _file(weights: str | Mapping[str, str], runs_folder: Path) -> tuple[Path, str, tuple[str, ...] | None]:
    """The file that a spec means, what to call where it came from, and for which classes it is, if that is known."""
    found = find_weights(weights, runs_folder)
    if isinstance(found, RunDir):
        return verified_weights(found), str(found.path), read_data_record(found).class_names
    return found, str(found), None


def write_loaded(run: RunDir, weights: tuple[LoadedWeights, ...]) -> None:
    """Writes which layer began with what into the run."""
    run.write_json(RECORD, {"loaded": [_plain(each) for each in weights]})


def _plain(weights: LoadedWeights) -> dict[str, object]:
    return {
        "from": weights.source,
        "layers": list(map(_row, weights.layers)),
        "unused": list(weights.unused),
    }


def _row(layer: LoadedLayer) -> dict[str, object]:
    row: dict[str, object] = {"name": layer.name, "parameters": layer.parameters, "loaded": not layer.why}
    return {**row, "why": layer.why} if layer.why else row
