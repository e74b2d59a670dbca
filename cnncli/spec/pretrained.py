"""The places of a spec that name files of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.weights import IMAGENET
from cnncli.spec.graph.expressions import is_expression
from cnncli.spec.schema import Model


def with_weights(model: Model, located: Callable[[str], str]) -> Model:
    """The same model, as written, with every path of a weights file changed.

    The name of a run that is no folder here is looked for among the runs, and stays as it is.

    Args:
        model: the section of a spec.
        located: gives the new path.
    """
    blocks = {
        name: {**block, "layers": [_with_weights(line, located) for line in block["layers"]]}
        for name, block in model.blocks.items()
    }
    layers = [_with_weights(line, located) for line in model.layers]
    return model.model_copy(
        update={"blocks": blocks, "layers": layers, "weights": _changed(model.weights, located)},
    )


def _with_weights(line: Any, located: Callable[[str], str]) -> Any:
    """A line of a list of layers; only backbones have weights."""
    if not isinstance(line, Mapping):
        return line
    return {
        word: {**arguments, "weights": _changed(arguments["weights"], located)}
        if word in BACKBONES and isinstance(arguments, Mapping) and "weights" in arguments
        else arguments
        for word, arguments in line.items()
    }


def _changed(weights: Any, located: Callable[[str], str]) -> Any:
    if isinstance(weights, Mapping):
        run = weights["run"]
        return {"run": located(run) if not is_expression(run) and Path(run).expanduser().is_dir() else run}
    if not isinstance(weights, str) or weights == IMAGENET or is_expression(weights):
        return weights
    return located(weights)
