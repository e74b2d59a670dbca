"""How bright images and their borders are."""

import numpy as np
import pytest

from cnncli.data.brightness import borders, brightness_stats, is_plain


def framed(border: int, inside: int, size: int = 5, channels: int = 1) -> np.ndarray:
    image = np.full((size, size, channels), border, np.uint8)
    image[1:-1, 1:-1] = inside
    return image


@pytest.mark.parametrize("channels", [1, 3])
def test_only_the_outermost_ring_counts(channels):
    assert borders(framed(10, 250, channels=channels)[None])[0] == 10
    assert borders(framed(255, 0, channels=channels)[None])[0] == 255


def test_corners_count_once():
    image = np.zeros((3, 4, 1), np.uint8)
    image[0, 0] = 100
    assert borders(image[None])[0] == pytest.approx(100 / 10)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 3), (2, 2, 1), (5, 2, 3)])
def test_an_image_without_an_inside_is_all_border(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert borders(image[None])[0] == pytest.approx(image.mean())


def test_facts_of_a_set():
    facts = brightness_stats(np.stack([framed(0, 90), framed(100, 190)]))
    assert facts.mean == pytest.approx((9 * 90 + 16 * 100 + 9 * 190) / 50)
    assert facts.border_mean == 50
    assert facts.border_std == 50


def test_the_same_background_everywhere_has_no_spread():
    facts = brightness_stats(np.stack([framed(7, inside) for inside in range(0, 200, 20)]))
    assert (facts.border_mean, facts.border_std) == (7, 0)


def test_the_sample_reaches_from_the_first_image_to_the_last():
    images = np.zeros((5_000, 3, 3, 1), np.uint8)
    images[2_500:] = 200
    assert brightness_stats(images).mean == pytest.approx(100, abs=0.2)
    assert brightness_stats(images[:1]).border_mean == 0


def test_paper_is_plain_and_photographs_are_not():
    random, paper = np.random.default_rng(0), framed(250, 10, 20, 3)
    assert is_plain(paper)
    assert is_plain(framed(3, 200, 20))
    assert is_plain(np.clip(paper + random.integers(-10, 5, paper.shape), 0, 255).astype(np.uint8))
    sky = paper.copy()
    sky[..., 0] = 90  # of one colour, and not grey
    assert not is_plain(sky)
    coloured = framed(250, 10, 20, 3)
    coloured[1:-1, 1:-1, 2] = 220  # a coloured thing on white
    assert not is_plain(coloured)
    assert not is_plain(random.integers(120, 256, (20, 20, 1), dtype=np.uint8))
    half = framed(250, 10, 20)
    half[10:] = 120
    assert not is_plain(half)
