"""`train.features`: what contradicts a number of views, whose features are computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncli.catalog.entries import Entry
from cnncli.errors import Problem
from cnncli.spec.sections.devices import number_of
from cnncli.spec.sections.stages import TRAINS, learning_in

if TYPE_CHECKING:
    from cnncli.spec.graph import Node
    from cnncli.spec.schema import Train

MIXING = ("MixUp", "CutMix")


def wrong_features(train: Train, augment: Sequence[Entry], nodes: Sequence[Node]) -> Iterator[Problem]:
    """Why a number of views cannot be computed once; nothing is wrong with `auto` and 0."""
    if train.features in ("auto", 0):
        return
    before, *stages = learning_in(train.stages, nodes)
    mixing = next((entry.name for entry in augment if entry.name in MIXING), None)
    if not augment:
        message = "nothing is augmented, so all views of an image would be the same; write 'auto', or leave this out"
    elif mixing:
        message = f"{mixing} mixes other images in every step, so views cannot be computed once; leave out one of them"
    elif number_of(train.devices) != 1:
        message = "features are computed on one device; leave out this or 'devices'"
    elif all(set(states.values()) == {TRAINS} for states in stages or [before]):
        message = (
            "no layer is frozen, so nothing can be computed once; freeze a backbone with 'trainable: false' or in a "
            "stage, or leave this out"
        )
    else:
        return
    yield Problem(("train", "features"), message)
