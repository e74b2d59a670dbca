from __future__ import annotations

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from cnncli.report import StartData
from cnncli.report.plots import style
from cnncli.report.plots.samples import draw_samples, samples_of

NOWHERE = "\U0010fffd"  # a private letter, which no font has


def start(images, captions):
    return StartData(
        "a name", lambda: images, range(len(captions)), captions, lambda: pytest.fail("the network is not drawn")
    )


def noise(count, *shape):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


GRID = [(count, shape) for count in (1, 2, 4, 7, 9, 16, 25) for shape in ((28, 28, 1), (96, 64, 3), (30, 200, 3))]


@pytest.mark.parametrize(
    ("count", "shape"),
    [pytest.param(*case, marks=() if case[0] in (2, 25) else pytest.mark.exhaustive) for case in GRID],
)
def test_no_text_overlaps_nor_covers_an_image(overlapping, count, shape):
    with style.applied():
        captions = ["a caption that is too long for the width of one image"] * count
        figure, images = samples_of(start(noise(count, *shape), captions))
        if count > 1:
            assert overlapping(figure) == []
        assert len(images) == count
        top = figure.bbox.height
        places = [
            Bbox.from_extents(column, top - row - image.shape[0], column + image.shape[1], top - row)
            for image, row, column in images
        ]
        for text in figure.axes[0].texts:
            box = text.get_window_extent(figure.canvas.get_renderer())
            assert not any(box.overlaps(place) for place in places)


def test_small_images_keep_their_pixels(tmp_path, opened):
    image = noise(1, 28, 28, 1)
    draw_samples(start(image, ["a"]), tmp_path / "s.png")
    drawn = opened(tmp_path / "s.png")[18 : 18 + 336, 18 : 18 + 336, 0]  # 12 pixels for each
    assert np.abs(drawn[5::12, 5::12].astype(int) - image[0, :, :, 0]).max() <= 2
    assert np.array_equal(drawn[3::12, 3::12], drawn[8::12, 8::12])


def test_pixels_of_small_images_are_squares_of_one_size():
    with style.applied():
        ((image, _, _),) = samples_of(start(noise(1, 32, 32, 1), ["a"])).images
    assert image.shape == (320, 320, 3)


def test_colors_are_true(tmp_path, opened):
    image = np.zeros((1, 20, 20, 3), np.uint8)
    image[..., 0], image[..., 1] = 200, 100
    draw_samples(start(image, ["a"]), tmp_path / "s.png")
    assert np.abs(opened(tmp_path / "s.png")[150, 150].astype(int) - [200, 100, 0]).max() <= 2


def test_big_images_are_smoothed():
    with style.applied():
        ((image, _, _),) = samples_of(start(noise(1, 800, 800, 3), ["a"])).images
    assert image.std() < 0.7 * noise(1, 800, 800, 3).std()


def test_images_stand_upright_in_their_cells(tmp_path, opened):
    dark_above = np.full((1, 28, 28, 1), 255, np.uint8)
    dark_above[:, :14] = 0
    draw_samples(start(np.repeat(dark_above, 3, axis=0), ["a", "b", "c"]), tmp_path / "s.png")
    drawn = opened(tmp_path / "s.png")[..., 0]
    for left, upper in ((18, 18), (18 + 350, 18), (18, 18 + 350 + 19)):
        assert drawn[upper : upper + 168, left : left + 336].max() == 0
        assert drawn[upper + 168 : upper + 336, left : left + 336].min() == 255


def test_sizes_may_differ_and_shapes_are_kept():
    images = [noise(1, 40, 80, 3)[0], noise(1, 3000, 1000, 1)[0], noise(1, 50, 50, 3)[0]]
    with style.applied():
        shapes = [image.shape for image, _, _ in samples_of(start(images, ["a", "b", "c"])).images]
    ratios = [height / width for height, width, _ in shapes]
    assert ratios == pytest.approx([0.5, 3, 1], rel=0.02)


@pytest.mark.parametrize("caption", ["", " ", "→…", "naïve", "a_b-c.png", "犬"])
def test_any_caption_is_drawn(tmp_path, opened, caption):
    draw_samples(start(noise(1, 28, 28, 1), [caption]), tmp_path / "s.png")
    below = opened(tmp_path / "s.png")[18 + 336 + 2 :, :, 0]
    assert (below.min() < 128) == bool(caption.strip())


def test_classes_in_letters_without_a_font_are_told_apart_by_their_numbers():
    with style.applied():
        data = StartData(
            "a name", lambda: noise(2, 28, 28, 1), [1, 2], ["cat", f"{NOWHERE}a", f"{NOWHERE}b"], pytest.fail
        )
        drawn = [text.get_text() for text in samples_of(data).figure.axes[0].texts]
    assert drawn == ["#1", "#2"]
