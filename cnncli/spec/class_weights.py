"""What is wrong with `train.class_weight`, once the names of the classes are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from cnncli.catalog.entries import Entry
from cnncli.errors import Problem
from cnncli.wording import nearest

_SMALLEST = 2.0**-149
"""Below half of this a weight is 0 as a float32, the type of a loss."""

_LARGEST = 3.4e38
"""Above this a weight is infinite as a float32."""

_PATH = ("train", "class_weight")


def wrong_class_weights(
    weights: Mapping[str, float] | Literal["balanced"] | None, class_names: Sequence[str]
) -> Iterator[Problem]:
    """Weights of names that no class has, and weights with which no image would count; a class without one has 1."""
    if not isinstance(weights, Mapping):
        return
    unknown = [name for name in weights if name not in class_names]
    for name in unknown:
        listed = ", ".join(class_names[:12]) + " …" * bool(class_names[12:])
        near = nearest(name, class_names) or f"; the classes are {listed}"
        yield Problem((*_PATH, name), f"no class is called '{name}'{near}", at_key=True)
    for name, weight in weights.items():
        if weight > _LARGEST:
            yield Problem((*_PATH, name), f"{weight:g} is too large for a float32; the largest is {_LARGEST:g}")
    if not unknown and all(weights.get(name, 1) <= _SMALLEST / 2 for name in class_names):
        yield Problem(_PATH, "the weight of every class is 0, so nothing would be learned; leave out class_weight")


def weightless_loss(loss: Entry) -> Iterator[Problem]:
    """A loss whose own weight makes it 0 for every image."""
    if loss.name == "CategoricalFocalCrossentropy" and loss.get("alpha") == 0:
        yield Problem(("train", "loss", loss.name, "alpha"), "an alpha of 0 makes the loss 0 for every image")
    if loss.name == "Tversky" and loss.get("alpha") == 0 and loss.get("beta") == 0:
        message = "with an alpha and a beta of 0 no mistake counts: the loss is 0 for every image"
        yield Problem(("train", "loss", loss.name, "alpha"), message)
