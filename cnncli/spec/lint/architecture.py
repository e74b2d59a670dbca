"""Rules on the structure of a network: receptive field, size of the last layers, blocks."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.layer_traits import CONVOLUTIONS, GLOBAL_POOLS, POOLS
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.lint.context import LintContext, about, is_weighted
from cnncli.spec.shapes import window_of
from cnncli.spec.shapes.receptive_field import field_size, receptive_fields
from cnncli.wording import dimensions

_MANY_PARAMETERS = 5_000_000
"""Of one Dense; ImageNet's MobileNetV2 has 3.5 million in all, AlexNet's first Dense 38 million."""

_MOST_PARAMETERS = 0.9
"""Share of all parameters from which the convolutions hardly count."""

_FEW_FEATURES = 4
"""Times as many inputs of the last layer are still fewer than the classes; embeddings of a quarter still work."""

_TOO_SMALL = 3
"""A receptive field this many times smaller than the image covers parts of objects only: a ninth of the image."""


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


def large_dense(context: LintContext) -> Iterator[Problem]:
    """Nearly all parameters are in the Dense after the Flatten."""
    if context.output is None:
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
    for name in context.spec.model.unused_blocks:
        yield Problem(
            ("model", "blocks", name),
            f"no layer uses the block '{name}'; write '- {name}' among the layers, or remove it",
            at_key=True,
        )


RULES = (one_pixel, few_features, large_dense, small_receptive_field, unused_block)
