"""The stages of a training: which layers learn in each, for how long, and at which learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from cnncli.catalog.entries import Entry, entry_validator
from cnncli.catalog.validators import Validator, any_of, is_whole, list_of, number, text, whole
from cnncli.errors import KeyPath, Problem
from cnncli.spec.backbones import is_backbone
from cnncli.spec.graph import Node
from cnncli.spec.sections.section import Section, key
from cnncli.wording import counted, nearest

INSIDE = "/"
"""Stands between the name of a backbone and that of a layer inside it."""

STAGES: KeyPath = ("train", "stages")
UNLIMITED = 100_000
"""Epochs of a training that only `max_time` ends."""

_MOST_NAMES = 8


@dataclass(frozen=True, kw_only=True)
class StageSpec(Section):
    """A part of a training in which some of the layers learn."""

    epochs: int = key(whole(1), "Passes over the training images at most")
    freeze: list[str] = key(
        list_of(text, description="a list of names of layers"), "Layers that stop learning, even if thawed here", []
    )
    thaw: list[str] = key(list_of(text, description="a list of names of layers"), "Layers that learn again", [])
    learning_rate: float | Entry | None = key(
        any_of(number(0, above=True), entry_validator("schedule")), "In place of that of the optimizer", None
    )

    def plain(self) -> dict[str, Any]:
        """The stage as YAML has it; an empty list and `null` are not values of its keys."""
        return {key: value for key, value in super().plain().items() if value not in (None, [])}


stage_list = list_of(
    Validator("a stage", StageSpec.read, StageSpec.schema()), description="a list of stages", empty=True
)


def with_epochs(train: Any) -> Any:
    """The section `train` as YAML has it, with its epochs: those of its stages, or with `max_time` as many as fit."""
    if not isinstance(train, dict) or "epochs" in train:
        return train
    if not isinstance(train.get("stages"), list) or not train["stages"]:
        return train if train.get("max_time") is None else {**train, "epochs": UNLIMITED}
    each: list[Any] = [stage.get("epochs") if isinstance(stage, dict) else None for stage in train["stages"]]
    if not all(is_whole(epochs) and epochs > 0 for epochs in each):
        return train  # what is wrong with it is told by the stages
    return {**train, "epochs": sum(each)}


@dataclass(frozen=True)
class PhaseSpec:
    """One phase of a training: a stage, or the whole training where there are no stages."""

    epochs: int  # number of epochs at most
    optimizer: Entry  # optimizer with the learning rate of the stage
    rate: KeyPath  # path of the learning rate in the spec


def phases_of(stages: Sequence[StageSpec], epochs: int, optimizer: Entry) -> tuple[PhaseSpec, ...]:
    """The phases of a training, in order; each begins with an optimizer of its own."""
    path: KeyPath = ("train", "optimizer", optimizer.name, "learning_rate")
    if not stages:
        return (PhaseSpec(epochs, optimizer, path),)
    return tuple(
        PhaseSpec(stage.epochs, optimizer, path)
        if stage.learning_rate is None
        else PhaseSpec(
            stage.epochs,
            Entry(optimizer.family, optimizer.name, {**optimizer.arguments, "learning_rate": stage.learning_rate}),
            (*STAGES, index, "learning_rate"),
        )
        for index, stage in enumerate(stages)
    )


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern means a layer.

    Args:
        pattern: Name with `*`, `?` and `[…]` as in a shell; that of a backbone means all that is in it.
        name: Name of a layer, `backbone/layer` for one inside a backbone.
    """
    outer_pattern, _, inner_pattern = pattern.partition(INSIDE)
    outer, _, inner = name.partition(INSIDE)
    return fnmatchcase(outer, outer_pattern) and (INSIDE not in pattern or fnmatchcase(inner, inner_pattern))


def wrong_stages(stages: Sequence[StageSpec], epochs: int, nodes: Sequence[Node]) -> Iterator[Problem]:
    """What contradicts the stages in the rest of the spec."""
    together = sum(stage.epochs for stage in stages)
    if stages and epochs != together:
        message = f"the stages have {counted(together, 'epoch')} in total; leave out 'epochs', or write {together}"
        yield Problem(("train", "epochs"), message)
    wrong = list(_misnamed(stages, nodes))
    yield from wrong
    for stage, states in enumerate(() if wrong else learning_in(stages, nodes)):
        if stage and set(states.values()) == {FROZEN}:
            yield Problem((*STAGES, stage - 1), "every layer is frozen, so nothing learns in this stage")


def _misnamed(stages: Sequence[StageSpec], nodes: Sequence[Node]) -> Iterator[Problem]:
    """Patterns that mean no layer, as far as names are known; what is inside a backbone is known once it is built."""
    names = [node.name for node in nodes]
    backbones = [node.name for node in nodes if is_backbone(node.entry)]
    patterns = {
        (*STAGES, index, key, place): pattern
        for index, stage in enumerate(stages)
        for key, names_of_layers in (("freeze", stage.freeze), ("thaw", stage.thaw))
        for place, pattern in enumerate(names_of_layers)
    }
    for path, pattern in patterns.items():
        outside = pattern.partition(INSIDE)[0]
        layers = [name for name in names if fnmatchcase(name, outside)]
        if not layers:
            yield Problem(path, f"no layer is called '{outside}'{_hint(outside, names, backbones)}")
        elif INSIDE in pattern and not set(layers) & set(backbones):
            yield Problem(path, f"'{layers[0]}' is a single layer; only a backbone has layers inside")


def _hint(name: str, names: Sequence[str], backbones: Sequence[str]) -> str:
    if near := nearest(name, names):
        return near
    listed = ", ".join([*names[:_MOST_NAMES], *["…"] * (len(names) > _MOST_NAMES)])
    inside = f"; what is inside a backbone is called '{backbones[0]}{INSIDE}…'" if backbones else ""
    return f"; the layers are {listed}{inside}"


FROZEN, PARTLY, TRAINS = "frozen", "partly", "trains"


def learning_in(stages: Sequence[StageSpec], nodes: Sequence[Node]) -> Iterator[dict[str, str]]:
    """Which layers learn in each stage, by name: `frozen`, `trains`, or `partly` for some of a backbone.

    First comes what the layers themselves say, before any stage.
    """
    states = {node.name: FROZEN if node.entry.get("trainable") is False else TRAINS for node in nodes}
    yield states
    for stage in stages:
        states = dict(states)
        for patterns, state in ((stage.thaw, TRAINS), (stage.freeze, FROZEN)):
            for name in changed(patterns, states, state):
                whole_layer = any(matches(pattern, name) for pattern in patterns if INSIDE not in pattern)
                states[name] = state if whole_layer else PARTLY
        yield states


def changed(patterns: Sequence[str], states: dict[str, str], state: str) -> list[str]:
    """The layers that patterns match and that are not, or only partly, in a state."""
    outer = [pattern.partition(INSIDE)[0] for pattern in patterns]
    return [name for name, now in states.items() if now != state and any(fnmatchcase(name, each) for each in outer)]
