"""Images that are copies of each other, to the byte or to the eye."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.quality.codes import finding
from cnncli.data.quality.inspection import FileInspection
from cnncli.data.quality.rules import Images
from cnncli.records import Affected, Finding

DISTANCE = 4
"""Of 64 bits, how many may differ between the perceptual hashes of images that look the same.

Of 160 photographs of 300×200 and 600 of 32×32 pixels, saved again as JPEG of quality 60, in half or double size,
brightened by a tenth or turned grey, 99 % or more stayed within it. Cut by 3 % on each side, a third did.
"""

SIMILARITY = 0.95
"""Correlation that the miniatures of two images must also have: hashes alone mistake one sunset for another.

Of the 50,000 training images of CIFAR-10 it leaves some 160 groups. Two images of each were looked at: all show the
same photograph.
"""

_BANDS = DISTANCE + 1


def duplicates(images: Images) -> list[Finding]:
    """Images whose files have the same bytes: in two classes, across splits, or more than once in a class."""
    copies: dict[bytes, list[Entry]] = {}
    for entry, one in images:
        if one.content:
            copies.setdefault(one.content, []).append(entry)
    groups = [members for members in copies.values() if len(members) > 1]
    return _findings(groups, ("same-image-two-classes", "copies-across-splits", "copies"), may_exclude=True)


def near_duplicates(images: Images) -> list[Finding]:
    """Images that differ as files and look the same, by a perceptual hash and a comparison of miniatures.

    Blank and small images have no such hash and are left out; of exact copies the first stands for all.
    """
    first: dict[bytes, tuple[Entry, FileInspection]] = {}
    for entry, one in images:
        if one.look is not None:
            first.setdefault(one.content, (entry, one))
    if not first:
        return []
    entries, inspections = zip(*first.values(), strict=True)
    looks = np.array([one.look for one in inspections], np.uint64)  # (images,)
    miniatures = np.frombuffer(b"".join(one.miniature for one in inspections), np.uint8).reshape(len(first), -1)
    groups = [[entries[member] for member in group] for group in _groups(looks, miniatures)]
    return _findings(groups, ("alike-across-classes", "alike-across-splits", "alike"), may_exclude=False)


def _findings(groups: list[list[Entry]], codes: tuple[str, str, str], may_exclude: bool) -> list[Finding]:
    """One finding for groups that span classes, one for splits, one for the others."""
    affected: dict[str, list[Affected]] = {code: [] for code in codes}
    exclude: dict[str, list[str]] = {code: [] for code in codes}
    for members in groups:
        labels = dict.fromkeys(member.label for member in members)
        splits = dict.fromkeys(member.split for member in members)
        code = codes[0] if len(labels) > 1 else codes[1] if len(splits) > 1 else codes[2]
        where = " and ".join(labels if len(labels) > 1 else splits)
        detail = f"are in {where}" if code != codes[2] else ""
        affected[code].append(Affected(tuple(member.name for member in members), detail))
        # The test stays as it is; and which class is right, only a person can say
        original = None if len(labels) > 1 else min(members, key=lambda member: _PRIORITY.index(member.split))
        exclude[code] += [member.name for member in members if member is not original]
    return [one for code in codes for one in finding(code, affected[code], exclude[code] if may_exclude else ())]


_PRIORITY = ("test", "validation", "train")


def _groups(looks: np.ndarray, miniatures: np.ndarray) -> list[list[int]]:
    """Indices of images that look the same, each group in order; `looks` is uint64, `miniatures` (images, pixels)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = [pair for pair in _pairs(looks, _normalized(miniatures)) if pair.size]
    if not pairs:
        return []
    first, second = np.concatenate(pairs, axis=1)  # (2, pairs)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(looks), len(looks)))
    labels = connected_components(graph, directed=False)[1]  # (images,)
    members: dict[int, list[int]] = {}
    for index in np.unique(np.concatenate([first, second])).tolist():
        members.setdefault(int(labels[index]), []).append(index)
    return list(members.values())


def _pairs(looks: np.ndarray, miniatures: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of similar images, int64 of shape `(2, pairs)`; a pair may come more than once.

    Two hashes that differ in 4 bits agree in one of 5 bands of bits, so only images that share a band are compared:
    each with its next neighbour in the order of the band, then with the one after it, and so on.
    """
    for band in range(_BANDS):
        # Every fifth bit: bits side by side are alike in most pictures, and would put too many into one band
        mask = np.uint64(sum(1 << bit for bit in range(band, 64, _BANDS)))
        bits = looks & mask
        order = np.argsort(bits, kind="stable")
        bits, sorted_looks = bits[order], looks[order]
        rows = np.arange(len(looks))
        for step in range(1, len(looks)):
            rows = rows[rows + step < len(looks)]
            rows = rows[bits[rows] == bits[rows + step]]
            if not len(rows):
                break
            close = np.bitwise_count(sorted_looks[rows] ^ sorted_looks[rows + step]) <= DISTANCE
            first, second = order[rows[close]], order[rows[close] + step]
            alike = np.einsum("ip,ip->i", miniatures[first], miniatures[second]) >= SIMILARITY
            yield np.stack([first[alike], second[alike]])


def _normalized(miniatures: np.ndarray) -> np.ndarray:
    """Of mean 0 and length 1, so the product of two is their correlation; float32."""
    centred = miniatures - miniatures.mean(axis=1, keepdims=True, dtype=np.float32)  # (images, pixels)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
