"""Rules on the structure of a network: where its parameters are, its receptive field, unused blocks."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.layer_traits import DROPOUTS, GLOBAL_POOLS, POOLS
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.graph.expressions import names_in
from cnncli.spec.lint.context import NEVER_NEGATIVE, LintContext, about, activation_of
from cnncli.spec.shapes.receptive_field import field_size, receptive_fields
from cnncli.spec.shapes.terms import window_of
from cnncli.wording import dimensions

_PROJECTION = {"AveragePooling2D", "BatchNormalization", "Identity", "ZeroPadding2D"}
_KEEPS_SIGN = POOLS | DROPOUTS | {"Identity", "UpSampling2D", "ZeroPadding2D"}
_MANY_PARAMETERS = 5_000_000
"""Of one Dense; ImageNet's MobileNetV2 has 3.5 million in all, AlexNet's first Dense 38 million."""

_MOST_PARAMETERS = 0.9
"""Share of all parameters from which the convolutions hardly count."""

_TOO_SMALL = 3
"""A receptive field this many times smaller than the image covers parts of objects only: a ninth of the image."""


def activation_before_sum(context: LintContext) -> Iterator[Problem]:
    """A residual branch that can only add."""
    for node in (node for node in context.nodes if node.entry.name == "Add"):
        for branch in node.inputs:
            last = branch  # the layer that decides whether the branch can be negative
            while last != IMAGE and context.nodes[last].entry.name in _KEEPS_SIGN:
                last = context.nodes[last].inputs[0]
            activation = None if last == IMAGE else activation_of(context.nodes[last].entry)
            others = [other for other in node.inputs if other != branch]
            if activation in NEVER_NEGATIVE and any(_is_shortcut(context, other, branch) for other in others):
                yield about(
                    context.nodes[last],
                    f"this branch ends in {activation}, so it can only add to the shortcut, never subtract; put the "
                    f"{activation} after the Add",
                )


def _is_shortcut(context: LintContext, index: int, branch: int) -> bool:
    """Whether a result is what the branch begins with, as it is or projected to its size."""
    while index != IMAGE and branch not in context.descendants(index):
        layer = context.nodes[index].entry
        one = layer.name == "Conv2D" and window_of(layer)[0] == (1, 1) and activation_of(layer) == "linear"
        if not one and layer.name not in _PROJECTION:
            return False
        index = context.nodes[index].inputs[0]
    return branch != IMAGE


def large_dense(context: LintContext) -> Iterator[Problem]:
    """Nearly all parameters are in the Dense after the Flatten."""
    if context.shapes.output_shape is None:
        return
    total = sum(step.parameters or 0 for step in context.steps)
    for step in context.steps:
        node, count, source = step.node, step.parameters or 0, step.node.inputs[0]
        flat = source != IMAGE and context.nodes[source].entry.name == "Flatten"
        if flat and node.entry.name == "Dense" and count > max(_MANY_PARAMETERS, _MOST_PARAMETERS * total):
            yield about(
                node,
                f"{count:,} of {total:,} parameters are in this Dense, which memorises the training images; pool once "
                "more above it, or write GlobalAveragePooling2D instead of Flatten",
            )


def small_receptive_field(context: LintContext) -> Iterator[Problem]:
    """The pooled values depend on a small part of the image only."""
    image, index = context.data.shape, _last_pool(context)
    if image is None or index is None:
        return
    source = context.nodes[index].inputs[0]
    field = (1, 1) if source == IMAGE else field_size(receptive_fields(context.steps)[source])
    if isinstance(field, tuple) and all(_TOO_SMALL * size < side for size, side in zip(field, image[:2], strict=True)):
        yield about(
            context.nodes[index],
            f"the receptive field of each value pooled here is {dimensions(field)} pixels of an image of "
            f"{dimensions(image[:2])}, so no feature is larger; add a pool or strides of 2 and a convolution after it",
        )


def _last_pool(context: LintContext) -> int | None:
    """The global pool that all the output comes from; a branch with one of its own is another matter."""
    index = len(context.nodes) - 1
    while index != IMAGE:
        node = context.nodes[index]
        if node.entry.name in GLOBAL_POOLS:
            return index
        if len(node.inputs) != 1:
            return None
        index = node.inputs[0]
    return None


def unused_block(context: LintContext) -> Iterator[Problem]:
    """Nothing is made of a block."""
    for name in context.spec.model.network.unused:
        yield Problem(
            ("model", "blocks", name),
            f"no layer uses the block '{name}'; write '- {name}' among the layers, or remove it",
            at_key=True,
        )


def unused_parameter(context: LintContext) -> Iterator[Problem]:
    """A parameter that changes nothing."""
    for name, block in context.spec.model.blocks.items():
        parameters = block.get("parameters") or {}
        named = names_in([block["layers"], parameters])
        for parameter in (each for each in parameters if each not in named):
            yield Problem(
                ("model", "blocks", name, "parameters", parameter),
                f"nothing in the block '{name}' depends on '{parameter}'; write '${parameter}' where its value "
                "belongs, or remove it",
                at_key=True,
            )


RULES = (activation_before_sum, large_dense, small_receptive_field, unused_block, unused_parameter)
