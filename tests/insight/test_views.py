"""The views of an image are the flips and shifts that a spec's own augmentations show the network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnncli.catalog import parse
from cnncli.insight.views import View, averaged, views_of

SHAPE = (20, 30, 1)


def views(*augment):
    problems = []
    found = views_of([parse("augmentation", each, (), problems) for each in augment], SHAPE)
    assert not problems
    return found


def moves(found):
    return {(each.across, each.upside_down, each.down, each.right) for each in found.views}


@pytest.mark.parametrize(
    ("augment", "number", "words"),
    [
        ([{"RandomFlip": {"mode": "horizontal"}}], 2, "horizontal flip"),
        ([{"RandomFlip": {"mode": "vertical"}}], 2, "vertical flip"),
        (["RandomFlip"], 2, "turn by 180 degrees"),
        (
            [{"RandomFlip": {"mode": "horizontal"}}, {"RandomFlip": {"mode": "vertical"}}],
            4,
            "horizontal flip, vertical flip",
        ),
        ([{"RandomFlip": {"mode": "horizontal"}}, {"RandomFlip": {"mode": "horizontal"}}], 2, "horizontal flip"),
        ([{"RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2}}], 5, "shifts by 2 or 3 pixels"),
        ([{"RandomTranslation": {"height_factor": 0.0, "width_factor": [0.1, 0.2]}}], 3, "shifts by 2 or 3 pixels"),
        ([{"ImageDataGenerator": {"horizontal_flip": True, "width_shift_range": 0.1}}], 6, None),
        ([{"ImageDataGenerator": {"vertical_flip": True}}], 2, "vertical flip"),
        ([{"ImageDataGenerator": {"height_shift_range": 5}}], 3, "shifts by 2 pixels"),
        ([{"ImageDataGenerator": {"height_shift_range": [2, 8]}}], 3, "shifts by 4 pixels"),
    ],
)
def test_they_follow_from_the_augmentations(augment, number, words):
    found = views(*augment)
    assert len(found.views) == len(moves(found)) == number
    assert found.views[0] == View()
    if words:
        assert found.words == words


@pytest.mark.parametrize(
    "augment",
    [
        [],
        [{"RandomRotation": {"factor": 0.1}}, {"MixUp": {"alpha": 0.2}}],
        [{"RandomTranslation": {"height_factor": 0.0, "width_factor": 0.02}}],
        ["ImageDataGenerator", {"ImageDataGenerator": {"width_shift_range": 1}}],
    ],
)
def test_others_allow_none(augment):
    assert views(*augment) is None


@given(st.integers(-6, 6), st.booleans(), st.booleans(), st.sampled_from(["nearest", "constant", "reflect", "wrap"]))
def test_a_view_keeps_what_stays_in_the_picture(by, across, upside_down, fill):
    images = np.arange(2 * 7 * 7, dtype=np.uint8).reshape(2, 7, 7, 1)
    flipped = images[:, ::-1] if upside_down else images
    flipped = flipped[:, :, ::-1] if across else flipped
    found = View(across, upside_down, down=by, fill=fill, value=200).of(images)
    assert (found.shape, found.dtype) == (images.shape, images.dtype)
    kept = slice(by, None) if by >= 0 else slice(None, by)
    moved = slice(None, 7 - by) if by >= 0 else slice(-by, None)
    assert np.array_equal(found[:, kept], flipped[:, moved])
    if by > 0:
        edge = {
            "nearest": flipped[:, :1],
            "constant": 200,
            "reflect": flipped[:, by - 1 :: -1],
            "wrap": flipped[:, -by:],
        }
        assert np.array_equal(found[:, :by], np.broadcast_to(edge[fill], (2, by, 7, 1)))


def test_the_answers_are_averaged():
    assert averaged([np.array([[0.9, 0.1]], np.float32), np.array([[0.3, 0.7]], np.float32)]).tolist() == [
        [pytest.approx(0.6), pytest.approx(0.4)]
    ]


def test_a_symmetric_network_gains_nothing():
    images = np.random.default_rng(0).integers(0, 256, (5, *SHAPE)).astype(np.uint8)

    def compute(pixels):  # which does not see what a flip changes
        share = pixels.mean(axis=(1, 2, 3)) / 255
        return np.stack([share, 1 - share], axis=1).astype(np.float32)

    assert np.allclose(views({"RandomFlip": {"mode": "horizontal"}}).probabilities(images, compute), compute(images))
