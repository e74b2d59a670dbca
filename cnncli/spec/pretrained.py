"""The places of a spec that name files of weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.weights import IMAGENET
from cnncli.errors import Problem
from cnncli.machine import expanded
from cnncli.spec.graph import Node
from cnncli.spec.graph.expressions import is_expression
from cnncli.spec.schema import Model


def with_weights(model: Model, located: Callable[[str], str]) -> Model:
    """The same model, as written, with `located` applied to every path of a weights file.

    The name of a run that is no folder here is looked for among the runs, and stays as it is.
    """
    blocks = {
        name: {**block, "layers": [_with_weights(line, located) for line in block["layers"]]}
        for name, block in model.blocks.items()
    }
    layers = [_with_weights(line, located) for line in model.layers]
    return model.replace(blocks=blocks, layers=layers, weights=_changed(model.weights, located))


def wrong_parameters(nodes: Iterable[Node], model: Model) -> Iterator[Problem]:
    """Relative paths that backbones are given as a parameter of their block: a run could not say where they are."""
    for node in nodes:
        weights = node.entry.get("weights") if node.entry.name in BACKBONES else None
        if not isinstance(weights, str) or weights == IMAGENET or expanded(weights).is_absolute():
            continue
        written: Any = {"model": {"blocks": model.blocks, "layers": model.layers}}
        for step in node.at("weights"):
            written = written[step]
        if is_expression(written):
            message = f"a path that comes from a parameter must be absolute, not '{weights}'{node.origin}"
            yield Problem(node.at("weights"), message)


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
        return {"run": located(run) if not is_expression(run) and expanded(run).is_dir() else run}
    if not isinstance(weights, str) or weights == IMAGENET or is_expression(weights):
        return weights
    return located(weights)
