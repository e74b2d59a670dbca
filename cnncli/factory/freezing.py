"""Which layers of a model train in each stage; a backbone counts as the layers inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncli.errors import Problem, SpecError
from cnncli.spec.sections.stages import INSIDE, STAGES, StageSpec, matches
from cnncli.wording import nearest

if TYPE_CHECKING:
    import keras


def every_layer(model: keras.Model) -> Iterator[Any]:
    """Every layer of a model, those inside backbones in their place."""
    from cnncli.startup import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from every_layer(layer)
        else:
            yield layer


def layers_that_learn(model: keras.Model) -> dict[str, Any]:
    """The layers of a built model with trainable weights, frozen or not, by name: `backbone/layer` inside one."""
    return {name: layer for name, layer in _layers(model).items() if _weights(layer)}


def all_weights(model: keras.Model) -> dict[str, Any]:
    """The weights of a built model that train, or would if no layer were frozen, by name: `layer/kernel`.

    Inside a backbone they are called `backbone/layer/kernel`.
    """
    return {
        name + INSIDE + f"/{weight.path}".rpartition(f"/{layer.name}/")[2]: weight
        for name, layer in layers_that_learn(model).items()
        for weight in _weights(layer)
    }


def frozen_in_stages(model: keras.Model, stages: Sequence[StageSpec]) -> tuple[frozenset[str], ...]:
    """The names of the frozen layers of a new model: before all stages, as it was built, and then in each stage.

    A stage begins with the frozen layers of the one before it; a layer that it both thaws and freezes is frozen.

    Raises:
        SpecError: A pattern matches no layer inside its backbone, or no layer trains in a stage.
    """
    layers, learning = _layers(model), layers_that_learn(model).keys()
    problems = []
    frozen = [frozenset(name for name, layer in layers.items() if not layer.trainable)]
    for index, stage in enumerate(stages):
        changes: dict[str, set[str]] = {"thaw": set(), "freeze": set()}
        for key, names in changes.items():
            for place, pattern in enumerate(getattr(stage, key)):
                matching = {name for name in layers if matches(pattern, name)}
                names |= matching
                if not matching:
                    problems.append(Problem((*STAGES, index, key, place), _unknown(pattern, layers)))
        frozen.append((frozen[-1] - changes["thaw"]) | changes["freeze"])
        if learning <= frozen[-1] and not problems:
            message = "every layer with weights is frozen, so nothing trains in this stage"
            problems.append(Problem((*STAGES, index), message))
    if problems:
        raise SpecError(problems)
    return tuple(frozen)


def freeze(model: keras.Model, frozen: frozenset[str]) -> None:
    """Freezes these layers, named as by `frozen_in_stages`, and thaws all others; compile the model afterwards.

    A frozen BatchNormalization uses its statistics and does not update them.
    """
    from cnncli.startup import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):  # if frozen itself, nothing inside it would train
            layer.trainable = any(name not in frozen for name in _inside(layer))
    for name, layer in _layers(model).items():
        if layer.trainable is (name in frozen):  # setting it again would thaw sublayers
            layer.trainable = name not in frozen


def _layers(model: keras.Model) -> dict[str, Any]:
    from cnncli.startup import keras

    layers: dict[str, Any] = {}
    for layer in model.layers:
        layers |= _inside(layer) if isinstance(layer, keras.Model) else {layer.name: layer}
    return layers


def _inside(backbone: keras.Model) -> dict[str, Any]:
    return {f"{backbone.name}{INSIDE}{layer.name}": layer for layer in backbone.layers}


def _weights(layer: Any) -> list[Any]:
    """The weights of a layer that would train if it were not frozen."""
    if layer.trainable:
        return list(layer.trainable_weights)
    layer.trainable = True
    weights = list(layer.trainable_weights)
    layer.trainable = False
    return weights


def _unknown(pattern: str, layers: Mapping[str, Any]) -> str:
    outside, _, inside = pattern.partition(INSIDE)
    names = [name.partition(INSIDE)[2] for name in layers if INSIDE in name and matches(outside, name)]
    near = "" if set("*?[") & set(inside) else nearest(inside, names)
    hint = near or "; 'cnncli summary --expand' lists them all"
    return f"no layer inside '{outside}' is called '{inside}'{hint}"
