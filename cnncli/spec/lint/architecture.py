"""Rules on the structure of a network: sums of branches, layers without effect, blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnncli.catalog.layer_traits import CONVOLUTIONS, DROPOUTS, POOLS
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.graph.expressions import is_expression, read_expression
from cnncli.spec.lint.context import NEVER_NEGATIVE, LintContext, about, activation_of, is_weighted
from cnncli.spec.shapes import kernel_of, pair, window_of

_PROJECTION = {"AveragePooling2D", "BatchNormalization", "Identity", "ZeroPadding2D"}
_KEEPS_SIGN = POOLS | DROPOUTS | {"Identity", "UpSampling2D", "ZeroPadding2D"}
_FEW_FEATURES = 4
"""Times as many inputs of the last layer are still fewer than the classes; embeddings of a quarter still work."""


def activation_before_sum(context: LintContext) -> Iterator[Problem]:
    """A residual branch that cannot take anything away."""
    for node in context.nodes:
        if node.entry.name != "Add":
            continue
        for branch in node.inputs:
            last = _behind_pools(context, branch)
            if last == IMAGE or activation_of(context.nodes[last].entry) not in NEVER_NEGATIVE:
                continue
            if any(_is_shortcut(context, other, branch) for other in node.inputs if other != branch):
                activation = activation_of(context.nodes[last].entry)
                yield about(
                    context.nodes[last],
                    f"this branch ends in {activation}, so that it can only add to the shortcut, never take away; put "
                    f"the {activation} behind the Add",
                )


def _behind_pools(context: LintContext, index: int) -> int:
    """The layer that decides whether a result can be negative."""
    while index != IMAGE and context.nodes[index].entry.name in _KEEPS_SIGN:
        index = context.nodes[index].inputs[0]
    return index


def _is_shortcut(context: LintContext, index: int, branch: int) -> bool:
    """Whether a result is what the branch begins with, as it is or projected to its size."""
    while index != IMAGE and branch not in context.descendants(index):
        node = context.nodes[index]
        one = node.entry.name == "Conv2D" and kernel_of(node.entry) == (1, 1) and activation_of(node.entry) == "linear"
        if not one and node.entry.name not in _PROJECTION:
            return False
        index = node.inputs[0]
    return branch != IMAGE


def pool_after_pool(context: LintContext) -> Iterator[Problem]:
    """Two pools with nothing to learn between them."""
    for index, node in enumerate(context.nodes):
        earlier = context.predecessor(index)
        if earlier is not None and _shrinks(context, earlier) and _shrinks(context, index):
            yield about(
                node,
                f"a second pool directly after {context.nodes[earlier].entry.name}: nothing is learnt at the size "
                "between; write a convolution between the two, or one larger pool",
            )


def _shrinks(context: LintContext, index: int) -> bool:
    layer = context.nodes[index].entry
    return layer.name in POOLS and max(pair(layer.get("strides") or layer.get("pool_size"))) > 1


def normalization_twice(context: LintContext) -> Iterator[Problem]:
    """What is normalised already."""
    for earlier, node in context.pairs():
        if earlier.entry.name == node.entry.name == "BatchNormalization":
            yield about(node, "its input was already normalised by the layer above; leave out one of the two")


def one_pixel(context: LintContext) -> Iterator[Problem]:
    """A window that moves over a single pixel."""
    for step in context.steps:
        layer, size = step.node.entry, step.input_shapes[0]
        if layer.name not in CONVOLUTIONS | POOLS or size is None or size[:2] != (1, 1) or step.shape_error:
            continue
        window, _ = window_of(layer)
        if window != (1, 1):
            yield about(
                step.node,
                f"the image is down to 1×1 here, and all but one place of a window of {window[0]}×{window[1]} meet "
                "padding; leave out pools or strides above, or what comes after them",
            )
            return  # the same is true of all below


def few_features(context: LintContext) -> Iterator[Problem]:
    """Fewer numbers than it takes to tell the classes apart."""
    last = _weighted_from(context, len(context.nodes) - 1)
    features = context.steps[last].input_shapes[0] if last is not None else None
    if last is None or features is None or len(features) != 1 or context.nodes[last].entry.name != "Dense":
        return
    if context.classes is None or _FEW_FEATURES * features[0] >= context.classes:
        return
    earlier = _weighted_from(context, context.nodes[last].inputs[0])
    node = context.nodes[last if earlier is None else earlier]
    arguments = ("units", "filters") if earlier is not None else ()
    if node.entry.get("units") != 1:  # single-unit
        yield about(
            node,
            f"the last layer has only {features[0]} input values to distinguish {context.classes} classes; make them "
            f"{context.classes} or more",
            next((name for name in arguments if name in node.entry.arguments), ""),
        )


def _weighted_from(context: LintContext, index: int) -> int | None:
    """The next convolution or Dense from a layer upwards, itself included, on a way without branches."""
    while index != IMAGE and not is_weighted(context.nodes[index].entry):
        inputs = context.nodes[index].inputs
        index = inputs[0] if len(inputs) == 1 else IMAGE
    return None if index == IMAGE else index


def unused_parameter(context: LintContext) -> Iterator[Problem]:
    """A parameter that changes nothing."""
    for name, block in context.spec.model.blocks.items():
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
