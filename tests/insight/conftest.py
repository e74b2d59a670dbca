"""Networks built from layers as a spec has them, and pictures whose evidence lies at a known place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def build() -> Callable[..., Any]:
    """Builds a model of layers as they stand in the YAML."""

    def build(*layers, shape=(28, 28, 1), classes=10, precision="float32", seed=0) -> Any:
        from cnncli.factory.model import Preprocessing, build_model
        from cnncli.spec.graph import read_network

        problems: list[Any] = []
        network = read_network({}, layers, problems)
        assert not problems
        return build_model(network.nodes, shape, classes, Preprocessing(), precision, seed, "run")

    return build


SIDE, MARK, DECOYS = 42, 8, 4
_FREE = SIDE // 3 - MARK  # pixels that a mark can move in its ninth of the picture


@pytest.fixture(scope="session")
def marked() -> Callable[[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return pictures_with_a_bar


def pictures_with_a_bar(images: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise with a bar that lies (class 0) or stands (class 1), or none (2), and four crosses just as bright.

    Only the bar tells the class: without the third, a network could look for one kind of bar alone.

    Returns:
        Images uint8 `(images, 42, 42, 1)`, labels `(images,)`, and the upper left corner of each bar `(images, 2)`,
        which is 8 pixels long.
    """
    random = np.random.default_rng(seed)
    pixels = random.normal(90, 20, (images, SIDE, SIDE, 1))
    labels, corners = random.integers(0, 3, images), np.zeros((images, 2), int)
    lies = np.zeros((MARK, MARK, 1), bool)
    lies[3:5] = True
    stands = lies.swapaxes(0, 1)
    shapes = [lies, stands, lies | stands]
    for at, picture in enumerate(pixels):
        for number, ninth in enumerate(random.permutation(9)[: 1 + DECOYS]):
            top, left = np.divmod(ninth, 3) * np.array(SIDE // 3) + random.integers(0, _FREE + 1, 2)
            shape = shapes[labels[at]] if number == 0 else shapes[2]
            place = picture[top : top + MARK, left : left + MARK]
            place[:] = np.where(shape, 230, place * 0.4)
            corners[at] = (top, left) if number == 0 else corners[at]
    return pixels.clip(0, 255).astype(np.uint8), labels, corners
