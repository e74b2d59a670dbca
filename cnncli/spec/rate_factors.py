"""What is wrong with `train.learning_rate_factors`, as far as names are known before the model is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from cnncli.errors import KeyPath, Problem
from cnncli.spec.graph import Node
from cnncli.wording import nearest

RATE_FACTORS: KeyPath = ("train", "learning_rate_factors")


def wrong_rate_factors(factors: Mapping[str, float], nodes: Sequence[Node]) -> Iterator[Problem]:
    """Patterns of no weight: without a layer before the weight, or with one that the model does not have."""
    names = [node.name for node in nodes]
    for pattern in factors:
        layer, slash, _ = pattern.partition("/")
        if not slash:
            message = f"'{pattern}' names no weight; write 'layer/weight', as in '{names[-1]}/*' or '*/bias'"
            yield Problem((*RATE_FACTORS, pattern), message, at_key=True)
        elif not any(fnmatchcase(name, layer) for name in names):
            message = f"no layer is called '{layer}'{nearest(layer, names)}"
            yield Problem((*RATE_FACTORS, pattern), message, at_key=True)
