"""Which images count as looking the same, given their hashes and miniatures."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image

from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.quality.inspection import MINIATURE, FileInspection, perceptual_hash
from cnncli.data.quality.near_duplicates import DISTANCE, near_duplicates

SHADES = np.random.default_rng(0).integers(0, 256, MINIATURE**2, np.uint8)


def groups(looks: list[int], miniatures: list[np.ndarray] | None = None) -> list[tuple[str, ...]]:
    """The images, by number, that are found to look the same; all have the same miniature unless told."""
    entries = [Entry(str(number), "train", "cat") for number in range(len(looks))]
    shown = miniatures or [SHADES] * len(looks)
    facts = [
        FileInspection(content=b"%d" % number, look=look, miniature=miniature.tobytes())
        for number, (look, miniature) in enumerate(zip(looks, shown, strict=True))
    ]
    return [
        one.names for finding in near_duplicates(list(zip(entries, facts, strict=True))) for one in finding.affected
    ]


def test_hashes_may_differ_in_four_bits_wherever_those_are():
    look = 0x0123456789ABCDEF
    rng = np.random.default_rng(1)
    for bits in [range(4), range(60, 64), (0, 16, 32, 48), *(rng.choice(64, 4, replace=False) for _ in range(100))]:
        other = look
        for bit in bits:
            other ^= 1 << int(bit)
        assert groups([look, other]) == [("0", "1")], list(bits)


def test_hashes_that_differ_in_five_bits_are_of_different_images():
    assert groups([0, 0b11111]) == []


def test_the_pairs_found_by_bands_are_those_found_one_by_one():
    rng = np.random.default_rng(2)
    # Few bits vary, so that many pairs are near and bands are crowded
    looks = [int(value) << 8 for value in rng.integers(0, 2**12, 80)]
    near = {pair for pair in itertools.combinations(range(80), 2) if (looks[pair[0]] ^ looks[pair[1]]).bit_count() <= 2}
    pairs = [[looks[first], looks[second]] for first, second in itertools.combinations(range(80), 2)]
    together = {frozenset(group) for group in groups(looks)}
    assert near
    assert all(any({str(first), str(second)} <= group for group in together) for first, second in near)
    for pair in pairs[:300]:
        assert bool(groups(pair)) == ((pair[0] ^ pair[1]).bit_count() <= DISTANCE)


def test_a_chain_of_images_is_one_group():
    assert groups([0, 0b1111, 0b11111111]) == [("0", "1", "2")]


def test_the_same_hash_is_not_enough_where_miniatures_differ():
    assert groups([7, 7], [SHADES, SHADES[::-1]]) == []


def test_a_brighter_or_paler_miniature_is_the_same():
    paler = (SHADES // 2 + 60).astype(np.uint8)
    assert groups([7, 7], [SHADES, paler]) == [("0", "1")]


def test_a_perceptual_hash_survives_what_keeps_the_picture():
    random = np.random.default_rng(0)
    picture, other = (
        Image.fromarray(random.integers(40, 200, (8, 8), dtype=np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
        for _ in range(2)
    )
    brighter = np.clip(np.asarray(picture).astype(float) * 1.1 + 5, 0, 255).astype(np.uint8)
    look, bright, different = (perceptual_hash(np.asarray(one)) for one in (picture, brighter, other))
    assert (look ^ bright).bit_count() <= DISTANCE < (look ^ different).bit_count()
    assert 24 <= look.bit_count() <= 32  # as many frequencies above the median as below it
