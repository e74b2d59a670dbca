"""Images made smaller for a batch are those that Pillow makes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(16, 12), (24, 20), (31, 39), (1, 1)])
def test_they_are_those_of_pillow(size, channels):
    from cnncli.data.smaller import smaller
    from cnncli.startup import tf

    images = np.random.default_rng(0).integers(0, 256, (5, 32, 40, channels), np.uint8)
    small = smaller(lambda indices: tf.gather(images, indices), (32, 40, channels), size)(tf.constant([3, 1])).numpy()
    assert (small.dtype, small.shape) == (np.uint8, (2, *size, channels))
    for one, number in zip(small, (3, 1), strict=True):
        for channel in range(channels):
            picture = Image.fromarray(images[number, :, :, channel])
            expected = np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR))
            assert np.abs(one[:, :, channel].astype(int) - expected).max() <= 1
