"""Rules on the receptive field: how much of the image one value of a layer depends on.

Where branches meet there is a longest path through them and a shortest. What a value depends on at all is decided by
the longest; a layer adds nothing only when even the shortest path to it covers everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.layer_traits import CONVOLUTIONS, GLOBAL_POOLS
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.lint.context import LintContext, about
from cnncli.spec.shapes import kernel_of
from cnncli.spec.shapes.receptive_field import field_size, receptive_fields
from cnncli.wording import dimensions

_TOO_SMALL = 3
"""A receptive field this many times smaller than the image holds parts of objects only.

With a third of the side it covers a ninth of the image.
"""

_TOO_LARGE = 3
"""A receptive field this many times larger than the image is mostly padding; twice as large is usual (ResNet-50 has
483 pixels for images of 224, Araujo et al. 2019)."""


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


def large_receptive_field(context: LintContext) -> Iterator[Problem]:
    """Convolutions whose input depends on all of the image several times over."""
    image = context.data.shape
    if image is None:
        return
    fields = receptive_fields(context.steps, shortest=True)
    for node in context.nodes:
        field = field_size(fields[node.inputs[0]]) if node.inputs[0] != IMAGE else None
        wide = node.entry.name in CONVOLUTIONS and kernel_of(node.entry) != (1, 1)
        large = isinstance(field, tuple) and all(
            size > _TOO_LARGE * side for size, side in zip(field, image[:2], strict=True)
        )
        if wide and large and isinstance(field, tuple):
            yield about(
                node,
                f"the receptive field of the input of this {node.entry.name} is {dimensions(field)} pixels already, "
                f"and the image has {dimensions(image[:2])}: convolutions from here on find next to nothing new; leave "
                "them out, or train on larger images",
            )
            return


RULES = (small_receptive_field, large_receptive_field)
