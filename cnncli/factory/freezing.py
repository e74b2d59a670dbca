"""Which layers of a model learn in each stage of a training; a backbone is not one layer here, but those inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncli.errors import Problem, SpecError
from cnncli.spec.stages import INSIDE, STAGES, StageSpec, matches
from cnncli.wording import nearest

if TYPE_CHECKING:
    import keras

_MOST_NAMES = 6


def layers_that_learn(model: keras.Model) -> dict[str, Any]:
    """The layers that have something to learn, frozen or not, by name: `backbone/layer` inside a backbone.

    Args:
        model: built.
    """
    return {name: layer for name, layer in _layers(model).items() if _weights(layer)}


def frozen_in_stages(model: keras.Model, stages: Sequence[StageSpec]) -> tuple[frozenset[str], ...]:
    """The names of the frozen layers: before all stages, as the layers themselves say, and then in each stage.

    A stage begins with what was frozen in the one before it; what it both thaws and freezes is frozen.

    Args:
        model: just built, so that its layers are as the spec says.
        stages: as checked.

    Raises:
        SpecError: a pattern means no layer inside its backbone, or nothing is left that learns.
    """
    layers, learning = _layers(model), layers_that_learn(model).keys()
    problems = []
    frozen = [frozenset(name for name, layer in layers.items() if not layer.trainable)]
    for index, stage in enumerate(stages):
        found: dict[str, set[str]] = {"thaw": set(), "freeze": set()}
        for key, names in found.items():
            for place, pattern in enumerate(getattr(stage, key)):
                meant = {name for name in layers if matches(pattern, name)}
                names |= meant
                if not meant:
                    problems.append(Problem((*STAGES, index, key, place), _unknown(pattern, layers)))
        frozen.append((frozen[-1] - found["thaw"]) | found["freeze"])
        if learning <= frozen[-1] and not problems:
            message = "every layer that has weights is frozen, so nothing learns in this stage"
            problems.append(Problem((*STAGES, index), message))
    if problems:
        raise SpecError(problems)
    return tuple(frozen)


def freeze(model: keras.Model, frozen: frozenset[str]) -> None:
    """Freezes these layers and thaws all others; to be compiled afterwards.

    A frozen BatchNormalization computes with the statistics it holds and leaves them as they are.

    Args:
        model: built.
        frozen: names, as `frozen_in_stages` has them.
    """
    from cnncli.startup import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):  # frozen itself, it would keep what is thawed inside it from learning
            layer.trainable = any(name not in frozen for name in _inside(layer))
    for name, layer in _layers(model).items():
        if layer.trainable is (name in frozen):  # setting what is so already would thaw what the layer keeps frozen
            layer.trainable = name not in frozen


def _layers(model: keras.Model) -> dict[str, Any]:
    from cnncli.startup import keras

    found: dict[str, Any] = {}
    for layer in model.layers:
        found |= _inside(layer) if isinstance(layer, keras.Model) else {layer.name: layer}
    return found


def _inside(backbone: keras.Model) -> dict[str, Any]:
    return {f"{backbone.name}{INSIDE}{layer.name}": layer for layer in backbone.layers}


def _weights(layer: Any) -> list[Any]:
    """The weights that a layer has to learn, frozen or not."""
    if layer.trainable:
        return list(layer.trainable_weights)
    layer.trainable = True
    weights = list(layer.trainable_weights)
    layer.trainable = False
    return weights


def _unknown(pattern: str, layers: Mapping[str, Any]) -> str:
    outside, _, inside = pattern.partition(INSIDE)
    there = [name.partition(INSIDE)[2] for name in layers if INSIDE in name and matches(outside, name)]
    listed = ", ".join([*there[:_MOST_NAMES], *["…"] * (len(there) > _MOST_NAMES)])
    near = "" if set("*?[") & set(inside) else nearest(inside, there)
    hint = near or f"; there are {listed}, and 'cnncli summary --expand' lists them all"
    return f"no layer inside '{outside}' is called '{inside}'{hint}"
