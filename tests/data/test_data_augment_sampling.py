"""Every pixel of a moved image comes from the right place, beyond the edges too, whatever images are moved with it."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    ("fill_mode", "scipy_mode"),
    [("nearest", "nearest"), ("reflect", "reflect"), ("wrap", "grid-wrap"), ("constant", "grid-constant")],
)
def test_far_beyond_the_edges_the_picture_goes_on_as_in_scipy(fill_mode, scipy_mode, interpolation):
    import tensorflow as tf
    from scipy import ndimage

    from cnncli.data.augment.sampling import warp
    from cnncli.data.augment.steps import Fill

    image = noise(1, 12, 17, 2)
    matrix = np.array([[3.137, 0.413, -30.331], [-0.519, 2.723, -21.277], [0, 0, 1]])  # shows nine times the area
    result = warp(tf.constant(image), tf.constant(matrix[None]), Fill(fill_mode, 90.5, interpolation))
    y_x = matrix[[1, 0]][:, [1, 0]], matrix[[1, 0], 2]
    for channel in range(2):
        expected = ndimage.affine_transform(
            image[0, ..., channel], *y_x, order=int(interpolation == "bilinear"), mode=scipy_mode, cval=90.5
        )
        np.testing.assert_allclose(result[0, ..., channel], expected, atol=0.01)


@pytest.mark.parametrize("count", [0, 1, 3, 8, 9, 31])
def test_an_image_is_moved_alike_among_any_number_of_others(count):
    import tensorflow as tf

    from cnncli.data.augment.geometry import about_centre
    from cnncli.data.augment.sampling import warp
    from cnncli.data.augment.steps import Fill

    images, fill = noise(32, 9, 11, 3).astype(np.uint8), Fill("reflect", 0.0, "bilinear")
    turn = tf.constant(np.linspace(-1, 1, 32))
    matrices = about_centre((tf.cos(turn), -tf.sin(turn), tf.sin(turn), tf.cos(turn)), (0.3, 1.7), images.shape[1:])
    together = warp(tf.constant(images), matrices, fill).numpy()
    some = warp(tf.constant(images[:count]), matrices[:count], fill).numpy()
    assert some.shape == (count, 9, 11, 3)
    np.testing.assert_array_equal(some, together[:count])


def test_where_a_perspective_vanishes_there_is_the_constant():
    import tensorflow as tf

    from cnncli.data.augment.sampling import warp
    from cnncli.data.augment.steps import Fill

    matrix = tf.constant([[[1.0, 0, 0], [0, 1, 0], [-0.25, 0, 1]]], tf.float64)  # divides by 0 in the fifth column
    result = warp(tf.fill((1, 6, 8, 1), 200.0), matrix, Fill("constant", 7.0, "bilinear")).numpy()
    assert np.all(np.isfinite(result))
    np.testing.assert_array_equal(result[0, :, 4, 0], 7.0)


@pytest.mark.parametrize("sides", [(-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])
def test_interpolation_does_not_blur_a_flip(sides):
    import tensorflow as tf

    from cnncli.data.augment.geometry import about_centre
    from cnncli.data.augment.sampling import warp
    from cnncli.data.augment.steps import Fill

    images = noise(2, 31, 96, 3)
    across, down = (tf.constant([side, side], tf.float64) for side in sides)
    result = warp(
        tf.constant(images),
        about_centre((across, 0.0, 0.0, down), (0.0, 0.0), (31, 96, 3)),
        Fill("nearest", 0.0, "bilinear"),
    )
    np.testing.assert_array_equal(result, images[:, :: int(sides[1]), :: int(sides[0])])
