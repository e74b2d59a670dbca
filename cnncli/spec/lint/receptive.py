"""Rules on the receptive field: how much of the image one value of a layer sees.

Where branches meet there is a longest way through them and a shortest. What is seen at all is seen by the longest; a
layer adds nothing only when even the shortest way to it has seen everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnncli.catalog.entries import Entry
from cnncli.catalog.names import MERGES
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE, Node
from cnncli.spec.lint.context import CONVOLUTIONS, GLOBAL_POOLS, POOLS, Facts, about
from cnncli.spec.shapes import SAME_SHAPE, kernel_of, pair, times
from cnncli.spec.static_data_info import known

_POINTWISE = SAME_SHAPE | {"Cropping2D", "Dense", "SpatialDropout2D", "ZeroPadding2D"}
_TOO_LITTLE = 3  # times what is seen still make less than the image
_TOO_MUCH = 3  # times the image are less than what is seen


@dataclass(frozen=True)
class ReceptiveField:
    """What the values of a layer see along one axis, in pixels.

    Args:
        shortest: by the shortest way through the branches.
        longest: by the longest.
        step: from one value to the next.
    """

    shortest: int = 1
    longest: int = 1
    step: int = 1

    def through(self, window: int, stride: int) -> ReceptiveField:
        """After a window has moved over it."""
        more = (window - 1) * self.step
        return ReceptiveField(self.shortest + more, self.longest + more, self.step * stride)


Sights = tuple[ReceptiveField, ReceptiveField]
"""Along the height and along the width."""


def receptive_fields(nodes: Sequence[Node]) -> list[Sights | None]:
    """What each layer sees; None for what sees all of the image, and for layers that are not known here."""
    sights: list[Sights | None] = []
    for node in nodes:
        taken = [(ReceptiveField(), ReceptiveField()) if source == IMAGE else sights[source] for source in node.inputs]
        sights.append(_sights(node.entry, taken))
    return sights


def _sights(layer: Entry, taken: Sequence[Sights | None]) -> Sights | None:
    together = taken[0]
    for other in taken[1:]:
        together = _joined(together, other)
    if together is None or layer.name in _POINTWISE | set(MERGES):
        return together
    if layer.name not in CONVOLUTIONS | POOLS:
        return None
    window = pair(layer.get("pool_size")) if layer.name in POOLS else kernel_of(layer)
    strides = pair(layer.get("strides") or window)
    height, width = together
    return height.through(window[0], strides[0]), width.through(window[1], strides[1])


def _joined(one: Sights | None, other: Sights | None) -> Sights | None:
    if one is None or other is None or any(a.step != b.step for a, b in zip(one, other, strict=True)):
        return None
    height, width = (
        ReceptiveField(min(a.shortest, b.shortest), max(a.longest, b.longest), a.step)
        for a, b in zip(one, other, strict=True)
    )
    return height, width


def small_receptive_field(facts: Facts) -> Iterator[Problem]:
    """What is averaged has seen a small part of the image only."""
    image, index = known(facts.spec.data).shape, _last_pool(facts)
    if image is None or index is None:
        return
    source = facts.nodes[index].inputs[0]
    sights = (ReceptiveField(), ReceptiveField()) if source == IMAGE else receptive_fields(facts.nodes)[source]
    if sights and all(_TOO_LITTLE * sight.longest < extent for sight, extent in zip(sights, image[:2], strict=True)):
        seen = times([sight.longest for sight in sights])
        yield about(
            facts.nodes[index],
            f"each value pooled here has seen {seen} pixels of an image of {times(image[:2])}, so that no feature is "
            "larger; add a pool or strides of 2, and a convolution behind it",
        )


def _last_pool(facts: Facts) -> int | None:
    """The global pool that all the output comes from; a branch with one of its own is another matter."""
    index = len(facts.nodes) - 1
    while index != IMAGE:
        node = facts.nodes[index]
        if node.entry.name in GLOBAL_POOLS:
            return index
        if len(node.inputs) != 1:
            return None
        index = node.inputs[0]
    return None


def large_receptive_field(facts: Facts) -> Iterator[Problem]:
    """Convolutions that come after everything was seen several times over."""
    image = known(facts.spec.data).shape
    if image is None:
        return
    sights = receptive_fields(facts.nodes)
    for node in facts.nodes:
        seen = sights[node.inputs[0]] if node.inputs[0] != IMAGE else None
        wide = node.entry.name in CONVOLUTIONS and kernel_of(node.entry) != (1, 1)
        if wide and seen and all(s.shortest > _TOO_MUCH * extent for s, extent in zip(seen, image[:2], strict=True)):
            pixels = times([sight.shortest for sight in seen])
            yield about(
                node,
                f"every value given to this {node.entry.name} sees {pixels} pixels, and the image has "
                f"{times(image[:2])}: convolutions from here on find next to nothing new; leave them out, or train on "
                "larger images",
            )
            return


RULES = (small_receptive_field, large_receptive_field)
