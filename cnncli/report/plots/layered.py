"""Where the boxes and lines of a network go: layer below layer, branches side by side, long networks in columns.

The method is Sugiyama's. Each box is put one layer below the lowest of those it takes from, and a line that passes a
layer takes a slot of its own in it, so that no line runs through a box. Slots are then ordered so that few lines
cross, and moved to where their neighbours are.

Source: Kozo Sugiyama, Shojiro Tagawa and Mitsuhiko Toda, Methods for Visual Understanding of Hierarchical System
Structures (1981).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

Point = tuple[float, float]

BOX_GAP, LINE_GAP, LINE_WIDTH = 18.0, 12.0, 2.0  # points: between boxes, beside a passing line, its own width
SWEEPS = 12


@dataclass
class Slot:
    """A place in a layer: of a box, or of a line that passes.

    Args:
        box: index of the box; -1 for a line.
        layer: counted from the top.
        width: points.
        height: points.
        group: names of the blocks it is in, the outermost first.
        x: of its middle.
        above: slots of the layer above that are joined to it.
        below: slots of the layer below that are joined to it.
    """

    box: int
    layer: int
    width: float
    height: float
    group: tuple[str, ...]
    x: float = 0.0
    above: list[Slot] = field(default_factory=list, repr=False)
    below: list[Slot] = field(default_factory=list, repr=False)


def layers_of(
    sizes: Sequence[Point], inputs: Sequence[Sequence[int]], groups: Sequence[tuple[str, ...]]
) -> list[list[Slot]]:
    """The slots of each layer from left to right, with their x.

    Args:
        sizes: width and height of each box.
        inputs: for each box the earlier ones that a line comes from.
        groups: for each box the blocks it is in.
    """
    layers, chains = _slots(sizes, inputs, groups)
    _order(layers)
    _move(layers)
    for chain in chains:
        _straighten(chain, layers)
    return layers


def _slots(
    sizes: Sequence[Point], inputs: Sequence[Sequence[int]], groups: Sequence[tuple[str, ...]]
) -> tuple[list[list[Slot]], list[list[Slot]]]:
    """Layers of slots, and the lines that pass layers as chains of slots.

    All lines out of a box share one chain, which they leave above the layer they go to.
    """
    boxes: list[Slot] = []
    starts: dict[tuple[str, ...], int] = {}  # the first layer of each block
    takers: list[list[Slot]] = [[] for _ in sizes]
    for index, ((width, height), group) in enumerate(zip(sizes, groups, strict=True)):
        layer = max((boxes[source].layer + 1 for source in inputs[index]), default=0)
        boxes.append(Slot(index, layer, width, height, group))
        for depth in range(1, len(group) + 1):
            starts[group[:depth]] = min(starts.get(group[:depth], layer), layer)
        for source in set(inputs[index]):
            takers[source].append(boxes[index])
    layers: list[list[Slot]] = [[] for _ in range(max(box.layer for box in boxes) + 1)]
    keys = {id(box): box.box for box in boxes}  # the first order from left to right
    for box in boxes:
        layers[box.layer].append(box)
    chains = []
    for source, box in enumerate(boxes):
        chain, targets = [box], sorted(takers[source], key=lambda target: target.layer)
        for layer in range(box.layer + 1, max((target.layer for target in targets), default=0)):
            nearest = next(target for target in targets if target.layer > layer)
            inside = [d for d in range(len(nearest.group) + 1) if d == 0 or starts[nearest.group[:d]] <= layer]
            chain.append(Slot(-1, layer, LINE_WIDTH, 0.0, nearest.group[: max(inside)]))
            layers[layer].append(chain[-1])
            # A line goes on below its branch; one that passes branches goes to the right of them.
            keys[id(chain[-1])] = source if len(targets) == 1 else nearest.box
        chains.append(chain[1:])
        for upper, lower in [*pairwise(chain), *((chain[to.layer - box.layer - 1], to) for to in targets)]:
            upper.below.append(lower)
            lower.above.append(upper)
    for slots in layers:
        slots.sort(key=lambda slot: keys[id(slot)])
    return layers, [chain for chain in chains if chain]


def _order(layers: list[list[Slot]]) -> None:
    """Orders the slots of each layer so that few lines cross: by the mean place of their neighbours, up and down."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for layer in layers[1:] if down else layers[-2::-1]:
            near = layers[layer[0].layer + (-1 if down else 1)]
            places = {id(slot): at for at, slot in enumerate(near)}
            own = {id(slot): at for at, slot in enumerate(layer)}

            def mean(
                slot: Slot, places: dict[int, int] = places, own: dict[int, int] = own, down: bool = down
            ) -> float:
                joined = slot.above if down else slot.below
                return sum(places[id(other)] for other in joined) / len(joined) if joined else own[id(slot)]

            layer.sort(key=lambda slot: (mean(slot), slot.box < 0))
        if (crossings := _crossings(layers)) < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    for layer, order in zip(layers, best, strict=True):
        layer[:] = order


def _crossings(layers: Sequence[Sequence[Slot]]) -> int:
    """How many pairs of lines cross."""
    total = 0
    for upper, lower in pairwise(layers):
        places = {id(slot): at for at, slot in enumerate(lower)}
        passed: list[int] = []
        for slot in upper:
            ends = sorted(places[id(other)] for other in slot.below)
            total += sum(len(passed) - bisect_right(passed, end) for end in ends)
            for end in ends:
                insort(passed, end)
    return total


def _move(layers: Sequence[Sequence[Slot]]) -> None:
    """Moves each slot to the mean of its neighbours, as far as the others in its layer let it."""
    for layer in layers:
        _settle(layer, [0.0] * len(layer))
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else layers[::-1]:
            if len(layer) == 1:  # all of the network passes here: the middle of the picture
                layer[0].x = 0.0
                continue
            _settle(layer, [_wanted(slot, down) for slot in layer])


def _wanted(slot: Slot, down: bool) -> float:
    """Where the next slot of the same branch is; at the ends of a branch, the mean of the neighbours.

    For a box only boxes count, so that a line beside it does not pull.
    """
    above = [other for other in slot.above if _one_line(other, slot)]
    below = [other for other in slot.below if _one_line(slot, other)]
    branch = (above or below) if down else (below or above)
    joined = (slot.above or slot.below) if down else (slot.below or slot.above)
    boxes = [other for other in joined if other.box >= 0]
    joined = branch or (slot.box >= 0 and boxes) or joined
    return sum(other.x for other in joined) / len(joined) if joined else slot.x


def _one_line(upper: Slot, lower: Slot) -> bool:
    return upper.box < 0 > lower.box or len(upper.below) == 1 == len(lower.above)


def _settle(layer: Sequence[Slot], wanted: Sequence[float]) -> None:
    """The x nearest to the wanted ones that keep the distances, by least squares; boxes weigh more than lines.

    With the distances taken off, x must not fall from left to right: pooling neighbours that do gives the optimum.
    """
    offsets = [0.0]
    for left, right in pairwise(layer):
        offsets.append(offsets[-1] + _apart(left, right))
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for slot, want, offset in zip(layer, wanted, offsets, strict=True):
        mean, weight, count = want - offset, 1e6 if slot.box >= 0 else 1.0, 1
        while pools and pools[-1][0] > mean:
            before, heavy, many = pools.pop()
            mean = (mean * weight + before * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    for slot, mean, offset in zip(layer, means, offsets, strict=True):
        slot.x = mean + offset


def _apart(left: Slot, right: Slot) -> float:
    gap = BOX_GAP if left.box >= 0 and right.box >= 0 else LINE_GAP
    return (left.width + right.width) / 2 + gap


def _straighten(chain: Sequence[Slot], layers: Sequence[Sequence[Slot]]) -> None:
    """Gives a passing line one x, its outermost, where its neighbours leave room."""
    x = max((slot.x for slot in chain), key=abs)
    for slot in chain:
        layer = layers[slot.layer]
        at = next(at for at, other in enumerate(layer) if other is slot)
        left = layer[at - 1].x + _apart(layer[at - 1], slot) if at else x
        right = layer[at + 1].x - _apart(slot, layer[at + 1]) if at + 1 < len(layer) else x
        if not left - 1e-6 <= x <= right + 1e-6:
            return
    for slot in chain:
        slot.x = x


def tracks_of(layer: Sequence[Slot]) -> dict[tuple[int, int], int]:
    """At which height below a layer each line moves sideways, so that lines that are not joined do not overlap.

    Args:
        layer: whose lines go down from it.

    Returns:
        A number from 0 for each pair of slots, by their ids; lines that go straight down are left out.
    """
    spans: dict[int, tuple[float, float]] = {}
    keys: dict[tuple[int, int], int] = {}
    for upper in layer:
        for lower in upper.below:
            if abs(upper.x - lower.x) < 0.5:
                continue
            # Lines into one box meet in one height, lines out of one box part in one.
            key = id(lower) if len(lower.above) > 1 and len(upper.below) == 1 else id(upper)
            low, high = sorted((upper.x, lower.x))
            before = spans.get(key, (low, high))
            spans[key] = (min(low, before[0]), max(high, before[1]))
            keys[id(upper), id(lower)] = key
    parting = {id(slot) for slot in layer if slot.box >= 0}
    track: dict[int, int] = {}
    # What parts from a box does so before others meet there: it would look as if it took them along.
    for key, (low, high) in sorted(spans.items(), key=lambda item: (item[0] not in parting, item[1])):
        beside = {other for other in track if low < spans[other][1] + 4 and spans[other][0] < high + 4}
        taken = {track[other] for other in beside}
        free = 0 if key in parting else 1 + max((track[other] for other in beside & parting), default=-1)
        track[key] = next(height for height in count(free) if height not in taken)
    return {pair: track[key] for pair, key in keys.items()}
