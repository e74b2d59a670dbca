"""Rules on how a network is put together: sums of branches, layers without effect, blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.graph.expressions import is_expression, read_expression
from cnncli.spec.lint.context import (
    CONVOLUTIONS,
    DROPOUTS,
    NEVER_NEGATIVE,
    POOLS,
    Facts,
    about,
    activation_of,
    is_weighted,
)
from cnncli.spec.shapes import kernel_of, pair

_PROJECTION = {"AveragePooling2D", "BatchNormalization", "Identity", "ZeroPadding2D"}
_KEEPS_SIGN = POOLS | DROPOUTS | {"Identity", "UpSampling2D", "ZeroPadding2D"}
_FEW_FEATURES = 4  # times as many are still fewer than the classes


def activation_before_sum(facts: Facts) -> Iterator[Problem]:
    """A residual branch that cannot take anything away."""
    for node in facts.nodes:
        if node.entry.name != "Add":
            continue
        for branch in node.inputs:
            last = _behind_pools(facts, branch)
            if last == IMAGE or activation_of(facts.nodes[last].entry) not in NEVER_NEGATIVE:
                continue
            if any(_is_shortcut(facts, other, branch) for other in node.inputs if other != branch):
                activation = activation_of(facts.nodes[last].entry)
                yield about(
                    facts.nodes[last],
                    f"this branch ends in {activation}, so that it can only add to the shortcut, never take away; put "
                    f"the {activation} behind the Add",
                )


def _behind_pools(facts: Facts, index: int) -> int:
    """The layer that decides whether a result can be negative."""
    while index != IMAGE and facts.nodes[index].entry.name in _KEEPS_SIGN:
        index = facts.nodes[index].inputs[0]
    return index


def _is_shortcut(facts: Facts, index: int, branch: int) -> bool:
    """Whether a result is what the branch begins with, as it is or projected to its size."""
    while index != IMAGE and branch not in facts.below(index):
        node = facts.nodes[index]
        one = node.entry.name == "Conv2D" and kernel_of(node.entry) == (1, 1) and activation_of(node.entry) == "linear"
        if not one and node.entry.name not in _PROJECTION:
            return False
        index = node.inputs[0]
    return branch != IMAGE


def pool_after_pool(facts: Facts) -> Iterator[Problem]:
    """Two pools with nothing to learn between them."""
    for index, node in enumerate(facts.nodes):
        above = facts.above(index)
        if above is not None and _shrinks(facts, above) and _shrinks(facts, index):
            yield about(
                node,
                f"a second pool straight after {facts.nodes[above].entry.name}: nothing is learnt at the size between; "
                "write a convolution between the two, or one larger pool",
            )


def _shrinks(facts: Facts, index: int) -> bool:
    layer = facts.nodes[index].entry
    return layer.name in POOLS and max(pair(layer.get("strides") or layer.get("pool_size"))) > 1


def normalization_twice(facts: Facts) -> Iterator[Problem]:
    """What is normalised already."""
    for above, node in facts.pairs():
        if above.entry.name == node.entry.name == "BatchNormalization":
            yield about(node, "what it is given was normalised by the layer above; leave one of the two out")


def one_pixel(facts: Facts) -> Iterator[Problem]:
    """A window that moves over a single pixel."""
    for step in facts.steps:
        layer, given = step.node.entry, step.given[0]
        if layer.name not in CONVOLUTIONS | POOLS or given is None or given[:2] != (1, 1) or step.shape_error:
            continue
        window = pair(layer.get("pool_size")) if layer.name in POOLS else kernel_of(layer)
        if window != (1, 1):
            yield about(
                step.node,
                f"the image is down to 1×1 here, and all but one place of a window of {window[0]}×{window[1]} meet "
                "padding; leave out pools or strides above, or what comes after them",
            )
            return  # the same is true of all below


def few_features(facts: Facts) -> Iterator[Problem]:
    """Fewer numbers than it takes to tell the classes apart."""
    last = _weighted_from(facts, len(facts.nodes) - 1)
    given = facts.steps[last].given[0] if last is not None else None
    if last is None or given is None or len(given) != 1 or facts.nodes[last].entry.name != "Dense":
        return
    if facts.classes is None or _FEW_FEATURES * given[0] >= facts.classes:
        return
    above = _weighted_from(facts, facts.nodes[last].inputs[0])
    node = facts.nodes[last if above is None else above]
    argument = next((name for name in ("units", "filters") if above is not None and name in node.entry.arguments), "")
    if node.entry.get("units") != 1:  # single-unit
        yield about(
            node,
            f"the last layer is given no more than {given[0]} numbers to tell {facts.classes} classes apart; make "
            f"them {facts.classes} or more",
            argument,
        )


def _weighted_from(facts: Facts, index: int) -> int | None:
    """The next convolution or Dense from a layer upwards, itself included, on a way without branches."""
    while index != IMAGE and not is_weighted(facts.nodes[index].entry):
        inputs = facts.nodes[index].inputs
        index = inputs[0] if len(inputs) == 1 else IMAGE
    return None if index == IMAGE else index


def unused_parameter(facts: Facts) -> Iterator[Problem]:
    """A parameter that changes nothing."""
    for name, block in facts.spec.model.blocks.items():
        parameters = block.get("parameters") or {}
        named = _named(block["layers"]) | _named(parameters)
        for parameter in parameters:
            if parameter not in named:
                yield Problem(
                    ("model", "blocks", name, "parameters", parameter),
                    f"nothing in the block '{name}' depends on '{parameter}'; write '${parameter}' where its value "
                    "belongs, or remove it",
                    at_key=True,
                )


def _named(value: Any) -> set[str]:
    """The parameters in all expressions of a value."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return set().union(*map(_named, items))
    return set(read_expression(value).names) if is_expression(value) else set()


RULES = (
    activation_before_sum,
    pool_after_pool,
    normalization_twice,
    one_pixel,
    few_features,
    unused_parameter,
)
